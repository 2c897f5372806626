// Command upstream stands in for a kube-apiserver behind the proxies that the bench measures. It is made to cost little: HTTP/1.1
// over TLS 1.3 by hand, answers built once, one goroutine a connection, nothing allocated per request or event.
//
//	upstream --cert FILE --key FILE [--listen 127.0.0.1:0]
//
// It prints {"listening":"127.0.0.1:PORT"} and ends when the pipe at its stdin does. It ignores who asks.
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
	flag.Parse()

	pair, err := tls.LoadX509KeyPair(*cert, *key)
	program.Check(err)
	listener, err := net.Listen("tcp", *listen)
	program.Check(err)
	program.ExitWithRunner()
	program.PrintListening(listener)
	program.Check(newServer(pair).serve(listener))
}
