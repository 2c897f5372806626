// Command load is the load generator of Postern's bench: one figure a run, made to cost clearly less than any proxy that it measures.
//
//	load FIGURE --target https://127.0.0.1:PORT --ca FILE [--token T] [--http2] [options]
//
// It speaks lines of JSON with the runner: {"at":"ready"} when set up and warmed up, then it waits for a line on stdin, works, and
// prints {"at":"done",...} at once, because the runner takes the proxy's CPU time at these two moments. Any error fails the run.
package main

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"postern.dev/bench/internal/program"
)

// options are those of all figures; each takes what it needs.
type options struct {
	target, ca, token, curve, direction string
	http2, forge                        bool
	sessions, callers, watches, size    int
	bytes, rounds, count, requests      int64
	rate, pace                          float64
	seconds, roundsPause, idleRounds    int
}

// A figure sets up, warms up, calls r.ready, works, and calls r.done with what it did.
var figures = map[string]func(*run) error{
	"stream":    stream,
	"flood":     flood,
	"keystroke": keystroke,
	"typing":    typing,
	"open":      openSessions,
	"idle":      idle,
	"hold":      hold,
	"get":       get,
	"list":      list,
	"watch":     watch,
	"mixed":     mixed,
	"churn":     churn,
}

func main() {
	names := strings.Join(slices.Sorted(maps.Keys(figures)), "|")
	if len(os.Args) < 2 || figures[os.Args[1]] == nil {
		fmt.Fprintf(os.Stderr, "load %s --target URL --ca FILE [options]\n", names)
		os.Exit(2)
	}
	figure := os.Args[1]
	var o options
	flags := flag.NewFlagSet("load "+figure, flag.ExitOnError)
	flags.StringVar(&o.target, "target", "", "https://HOST:PORT of the proxy")
	flags.StringVar(&o.ca, "ca", "", "authority of its certificate, PEM")
	flags.StringVar(&o.token, "token", "", "bearer token")
	flags.BoolVar(&o.http2, "http2", false, "HTTP/2 (get, churn)")
	flags.BoolVar(&o.forge, "forge", false, "sign the token's claims anew and wrong, with each request (flood)")
	flags.StringVar(&o.curve, "curve", "", "x25519 or x25519mlkem768; default Go's")
	flags.StringVar(&o.direction, "direction", "down", "down or up (stream)")
	flags.IntVar(&o.sessions, "sessions", 1, "sessions (stream, keystroke, idle, hold)")
	flags.IntVar(&o.callers, "callers", 16, "callers (get, flood)")
	flags.IntVar(&o.watches, "watches", 100, "watches (watch)")
	flags.IntVar(&o.size, "size", 1000, "bytes of an event (watch)")
	flags.Float64Var(&o.rate, "rate", 100, "events a second of each watch")
	flags.IntVar(&o.seconds, "seconds", 5, "duration (watch, hold)")
	flags.Int64Var(&o.bytes, "bytes", 1e8, "bytes of each session or list")
	flags.Int64Var(&o.rounds, "rounds", 1000, "round trips of each session (keystroke)")
	flags.Int64Var(&o.count, "count", 100, "sessions (open), lists (list), connections (churn)")
	flags.Int64Var(&o.requests, "requests", 10000, "requests (get)")
	flags.IntVar(&o.roundsPause, "rounds-pause", 2, "ms between two keystrokes of a session (mixed, hold, typing)")
	flags.Float64Var(&o.pace, "pace", 0, "MB a second of the download; 0 is as fast as it goes (mixed)")
	flags.IntVar(&o.idleRounds, "idle-rounds", 500, "keystrokes before the download (mixed)")
	limit := flags.Duration("limit", 10*time.Minute, "fails if set-up or work take longer")
	flags.Parse(os.Args[2:])
	if flags.NArg() > 0 {
		program.Check(fmt.Errorf("%q is no option", flags.Arg(0)))
	}
	if o.http2 && figure != "get" && figure != "churn" {
		program.Check(fmt.Errorf("%s does not speak HTTP/2", figure))
	}
	if min(o.sessions, o.callers, o.watches, o.size, o.seconds, o.roundsPause, o.idleRounds) < 1 ||
		min(o.bytes, o.rounds, o.count, o.requests) < 1 || o.rate <= 0 || o.pace < 0 {
		program.Check(fmt.Errorf("numbers have to be above 0"))
	}

	target, err := newTarget(o)
	program.Check(err)
	r := newRun(target, o, *limit)
	program.Check(figures[figure](r))
	r.exit()
}
