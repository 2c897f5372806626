package main
func apiCases() []testCase { return nil }
func watchCases() []testCase { return nil }
