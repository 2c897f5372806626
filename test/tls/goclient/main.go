// Go's crypto/tls, on which kubectl and everything of Kubernetes stands, as a caller: `suites` prints its cipher suites, `shake ADDRESS CAFILE` shakes
// hands with a listener in several ways. JSON on standard output.
package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
)

type suite struct {
	Name     string `json:"name"`
	Insecure bool   `json:"insecure"`
}

type handshake struct {
	Version string `json:"version"`
	Suite   string `json:"suite"`
	Curve   string `json:"curve"`
	ALPN    string `json:"alpn"`
	Resumed bool   `json:"resumed"`
}

func main() {
	var answer any
	var err error
	if len(os.Args) == 2 && os.Args[1] == "suites" {
		answer = suites()
	} else if len(os.Args) == 4 && os.Args[1] == "shake" {
		answer, err = shake(os.Args[2], os.Args[3])
	} else {
		err = fmt.Errorf("usage: suites | shake ADDRESS CAFILE")
	}
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(answer)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func suites() []suite {
	var all []suite
	for _, one := range tls.CipherSuites() {
		all = append(all, suite{one.Name, false})
	}
	for _, one := range tls.InsecureCipherSuites() {
		all = append(all, suite{one.Name, true})
	}
	return all
}

// Each way twice with one cache of sessions: the second one should be resumed.
func shake(address, caFile string) ([]handshake, error) {
	pem, err := os.ReadFile(caFile)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	ways := []*tls.Config{
		{NextProtos: []string{"h2", "http/1.1"}},
		{NextProtos: []string{"http/1.1"}, MaxVersion: tls.VersionTLS12},
		{},
	}
	var all []handshake
	for _, config := range ways {
		config.RootCAs = roots
		config.ClientSessionCache = tls.NewLRUClientSessionCache(8)
		for range 2 {
			done, err := once(address, config)
			if err != nil {
				return nil, err
			}
			all = append(all, done)
		}
	}
	return all, nil
}

func once(address string, config *tls.Config) (handshake, error) {
	conn, err := tls.Dial("tcp", address, config)
	if err != nil {
		return handshake{}, err
	}
	defer conn.Close()
	state := conn.ConnectionState()
	// With TLS 1.3 the ticket comes after the handshake: an answer comes after it.
	if state.NegotiatedProtocol == "h2" {
		buffer := make([]byte, 1)
		if _, err := conn.Read(buffer); err != nil {
			return handshake{}, err
		}
	} else {
		fmt.Fprintf(conn, "GET /version HTTP/1.1\r\nHost: gate\r\nConnection: close\r\n\r\n")
		if _, err := http.ReadResponse(bufio.NewReader(conn), nil); err != nil {
			return handshake{}, err
		}
	}
	return handshake{
		Version: tls.VersionName(state.Version),
		Suite:   tls.CipherSuiteName(state.CipherSuite),
		Curve:   state.CurveID.String(),
		ALPN:    state.NegotiatedProtocol,
		Resumed: state.DidResume,
	}, nil
}
