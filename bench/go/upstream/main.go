// Command upstream stands in for a kube-apiserver behind the proxies that the bench measures. It is made to cost little: HTTP/1.1
// over TLS 1.3 by hand, answers built once, one goroutine a connection, nothing allocated per request or event.
//
//	upstream --cert FILE --key FILE [--listen 127.0.0.1:0] [--rate N]
//
// It prints {"listening":"127.0.0.1:PORT"} and ends when the pipe at its stdin does. It ignores who asks.
// With --rate it answers at most so many requests a second and lets the others wait in turn, as an API server does whose priority levels are full.
package main

import (
	"crypto/tls"
	"flag"
	"net"

	"postern.dev/bench/internal/program"
)

func main() {
	cert := flag.String("cert", "", "certificate, PEM")
	key := flag.String("key", "", "its key, PEM")
	listen := flag.String("listen", "127.0.0.1:0", "address")
	rate := flag.Float64("rate", 0, "answers a second at most; 0 is without a bound")
	flag.Parse()

	pair, err := tls.LoadX509KeyPair(*cert, *key)
	program.Check(err)
	listener, err := net.Listen("tcp", *listen)
	program.Check(err)
	program.ExitWithRunner()
	program.PrintListening(listener)
	server := newServer(pair)
	server.turns = newTurns(*rate)
	program.Check(server.serve(listener))
}
