// Command client sends short requests through a load balancer all the time, as client-go does: Go's own HTTP client with client-go's settings,
// keep-alive connections over HTTP/1.1 or HTTP/2, reads and writes in turn. It honours "Connection: close" and GOAWAY as that client does, and
// tries nothing again beyond what Go's transport does (what a server certainly has not begun with).
//
//	client --target URL --ca FILE --token T --read PATH --write PATH --body JSON [--http2] [--callers 8] [--pause 20ms]
//
// Each failed request is a line {"failed":…} on stdout; when its stdin ends it prints {"requests":N,"failed":N,"connections":N} and ends.
package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// counts is what the client tells at its end.
type counts struct {
	Requests    int64 `json:"requests"`
	Failed      int64 `json:"failed"`
	Connections int64 `json:"connections"`
}

type request struct{ method, url, token, body string }

func main() {
	target := flag.String("target", "", "https://HOST:PORT of the load balancer")
	ca := flag.String("ca", "", "authority of the gates' certificate, PEM")
	token := flag.String("token", "", "bearer token")
	read := flag.String("read", "", "path of a GET")
	write := flag.String("write", "", "path of a POST")
	body := flag.String("body", "{}", "what is posted")
	http2 := flag.Bool("http2", false, "HTTP/2")
	callers := flag.Int("callers", 8, "requests at once")
	pause := flag.Duration("pause", 20*time.Millisecond, "of each caller between two requests")
	flag.Parse()

	pem, err := os.ReadFile(*ca)
	check(err)
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		check(fmt.Errorf("%s holds no certificate", *ca))
	}
	var told counts
	transport := newTransport(pool, *http2, &told)
	ctx, stop := context.WithCancel(context.Background())
	var wait sync.WaitGroup
	for i := range *callers {
		wait.Add(1)
		go func() {
			defer wait.Done()
			for turn := i; ctx.Err() == nil; turn++ {
				one := request{"GET", *target + *read, *token, ""}
				if turn%2 == 1 {
					one = request{"POST", *target + *write, *token, *body}
				}
				atomic.AddInt64(&told.Requests, 1)
				if err := one.send(transport); err != nil {
					atomic.AddInt64(&told.Failed, 1)
					print(struct {
						Failed string    `json:"failed"`
						Method string    `json:"method"`
						At     time.Time `json:"at"`
					}{err.Error(), one.method, time.Now()})
				}
				time.Sleep(*pause)
			}
		}()
	}
	io.Copy(io.Discard, os.Stdin)
	stop()
	wait.Wait()
	print(told)
}

// newTransport has the settings of client-go's transport cache and apimachinery's SetTransportDefaults.
func newTransport(pool *x509.CertPool, http2 bool, told *counts) *http.Transport {
	dialer := &net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(!http2)
	protocols.SetHTTP2(http2)
	return &http.Transport{
		TLSHandshakeTimeout: 10 * time.Second,
		TLSClientConfig:     &tls.Config{RootCAs: pool},
		MaxIdleConnsPerHost: 25,
		IdleConnTimeout:     90 * time.Second,
		Protocols:           protocols,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			atomic.AddInt64(&told.Connections, 1)
			return dialer.DialContext(ctx, network, address)
		},
	}
}

func (r request) send(transport *http.Transport) error {
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	var body io.Reader
	if r.body != "" {
		body = bytes.NewReader([]byte(r.body))
	}
	asked, err := http.NewRequestWithContext(ctx, r.method, r.url, body)
	if err != nil {
		return err
	}
	asked.Header.Set("Authorization", "Bearer "+r.token)
	asked.Header.Set("Content-Type", "application/json")
	answer, err := transport.RoundTrip(asked)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		return errors.Join(errors.New("the answer was not whole"), err)
	}
	if answer.StatusCode >= 300 {
		return fmt.Errorf("answered %s", answer.Status)
	}
	return nil
}

var printing sync.Mutex

func print(value any) {
	printing.Lock()
	defer printing.Unlock()
	line, err := json.Marshal(value)
	check(err)
	os.Stdout.Write(append(line, '\n'))
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "client:", err)
		os.Exit(1)
	}
}
