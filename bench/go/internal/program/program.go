// Package program is what the bench's programs have in common: how they speak with the runner and how they end.
package program

import (
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
)

// Print writes one line of JSON to stdout.
func Print(value any) {
	line, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	os.Stdout.Write(append(line, '\n'))
}

// PrintListening tells the runner where the program listens.
func PrintListening(listener net.Listener) {
	Print(struct {
		Listening string `json:"listening"`
	}{listener.Addr().String()})
}

// Check ends the program with the reason if there is one.
func Check(err error) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", os.Args[0], err)
		os.Exit(1)
	}
}

// ExitWithRunner ends the program when the other end of its stdin is closed, so that a runner that dies leaves nothing behind. A
// stdin that is no pipe (a terminal, /dev/null) says nothing.
func ExitWithRunner() {
	info, err := os.Stdin.Stat()
	if err != nil || info.Mode()&(os.ModeNamedPipe|os.ModeSocket) == 0 {
		return
	}
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
}

// ReadPool reads a PEM file of authorities.
func ReadPool(file string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s holds no certificate", file)
	}
	return pool, nil
}
