package main
func fallbackCases() []testCase { return nil }
func forwardCases() []testCase { return nil }
func apiCases() []testCase { return nil }
func watchCases() []testCase { return nil }
