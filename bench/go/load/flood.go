package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/http2"
)

// flood sends GETs as fast as they are answered, whatever the answers say, until the runner sends a line: what somebody does who ignores a 429.
// Half of the callers have a connection each, half are streams of HTTP/2 connections, floodStreams on each. With an empty token each request
// has another one that nobody signed; with --forge it has the token's claims under another
// signature. Connections are made before it begins. detail.answers counts the statuses, 0 for those that failed.
func flood(r *run) error {
	var answers sync.Map
	var over atomic.Bool
	var sent atomic.Int64
	plain := &http.Transport{MaxIdleConnsPerHost: r.callers, DisableCompression: true}
	takePlain, err := r.dialAhead("http/1.1", (r.callers+1)/2)
	if err != nil {
		return err
	}
	plain.DialTLSContext = func(context.Context, string, string) (net.Conn, error) { return takePlain() }
	connections := (r.callers/2 + floodStreams - 1) / floodStreams
	takeMultiplexed, err := r.dialAhead("h2", connections)
	if err != nil {
		return err
	}
	var multiplexed []*http2.Transport
	for range connections {
		multiplexed = append(multiplexed, &http2.Transport{
			DisableCompression: true,
			DialTLSContext:     func(context.Context, string, string, *tls.Config) (net.Conn, error) { return takeMultiplexed() },
		})
	}
	go func() {
		r.ready()
		r.await()
		over.Store(true)
		detail := map[string]int64{}
		answers.Range(func(status, count any) bool {
			detail[fmt.Sprint(status)] = count.(*atomic.Int64).Load()
			return true
		})
		r.detail["answers"] = detail
		r.done(float64(sent.Load()), "request")
		r.exit()
	}()
	r.together(r.callers, func(i int) error {
		var client http.RoundTripper = plain
		if i%2 == 1 {
			client = multiplexed[i/2/floodStreams]
		}
		for !over.Load() {
			status := r.fire(client)
			count, _ := answers.LoadOrStore(status, new(atomic.Int64))
			count.(*atomic.Int64).Add(1)
			sent.Add(1)
			if status == 0 {
				time.Sleep(10 * time.Millisecond)
			}
		}
		return nil
	})
	select {}
}

const floodStreams = 100

// dialAhead makes connections before they are needed, so that a flood is one of requests from its beginning. What it returns takes one of them,
// and dials once they are used up.
func (r *run) dialAhead(protocol string, count int) (func() (net.Conn, error), error) {
	config := r.tls.Clone()
	config.NextProtos = []string{protocol}
	dial := func() (net.Conn, error) {
		return tls.DialWithDialer(&net.Dialer{Timeout: dialTimeout}, "tcp", r.address, config)
	}
	made := make(chan net.Conn, count)
	for range count {
		one, err := dial()
		if err != nil {
			return nil, err
		}
		made <- one
	}
	return func() (net.Conn, error) {
		select {
		case one := <-made:
			return one, nil
		default:
			return dial()
		}
	}, nil
}

// fire sends one request and gives the status of its answer, 0 without one.
func (r *run) fire(client http.RoundTripper) int {
	request, err := http.NewRequest("GET", "https://"+r.address+podPath, nil)
	if err != nil {
		return 0
	}
	bearer := r.bearer
	if r.options.token == "" {
		bearer = "Bearer " + unsigned()
	} else if r.forge {
		bearer = "Bearer " + forged(r.options.token)
	}
	request.Header.Set("Authorization", bearer)
	request.Header.Set("User-Agent", userAgent)
	answer, err := client.RoundTrip(request)
	if err != nil {
		return 0
	}
	io.Copy(io.Discard, answer.Body)
	answer.Body.Close()
	return answer.StatusCode
}

// forged is the token with another signature: as long as the issuer's, and wrong.
func forged(token string) string {
	signed := token[:strings.LastIndexByte(token, '.')]
	noise := make([]byte, 256)
	rand.Read(noise)
	return signed + "." + base64.RawURLEncoding.EncodeToString(noise)
}

// unsigned is a token of an issuer that nobody trusts.
func unsigned() string {
	text := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	noise := make([]byte, 256)
	rand.Read(noise)
	claims := fmt.Sprintf(`{"iss":"https://nobody.invalid","sub":"%x","exp":4102444800}`, noise[:8])
	return text(`{"alg":"RS256","typ":"JWT","kid":"none"}`) + "." + text(claims) + "." + base64.RawURLEncoding.EncodeToString(noise)
}

// typing is keystroke at a person's pace: in each session one every --rounds-pause ms.
func typing(r *run) error {
	return r.roundTrips(time.Duration(r.roundsPause) * time.Millisecond)
}
