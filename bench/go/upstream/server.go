package main

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"postern.dev/bench/internal/bulk"
	"postern.dev/bench/internal/http1"
	"postern.dev/bench/internal/pattern"
)

const (
	podPath    = "/api/v1/namespaces/bench/pods/x"
	execPath   = "/api/v1/namespaces/bench/pods/x/exec"
	listPath   = "/api/v1/namespaces/bench/configmaps"
	eventsPath = "/api/v1/namespaces/bench/events"
	// Enough for a head with a long token; 3,000 idle sessions keep one each.
	readBufferSize = 8 << 10
)

type server struct {
	tls         *tls.Config
	noise, text pattern.Endless
	fixed       map[string][]byte // whole answers by path
	chunkedHead []byte
	watches     atomic.Int64
	turns       *turns // nil: nobody waits
}

func newServer(pair tls.Certificate) *server {
	// What a kube-apiserver sends beside the body, because proxies pay for each field. The date is that of the start.
	common := "Audit-Id: 6c1a3c5e-6a4c-4b53-a7f3-0f2f2a1f8a55\r\nCache-Control: no-cache, private\r\nContent-Type: application/json\r\n" +
		"Date: " + strings.Replace(time.Now().UTC().Format(time.RFC1123), "UTC", "GMT", 1) + "\r\n" +
		"X-Kubernetes-Pf-Flowschema-Uid: 1f6b2ef5-9d0a-4b0e-8b1c-3a2b1c0d9e8f\r\n" +
		"X-Kubernetes-Pf-Prioritylevel-Uid: 7d9e0f3a-2b4c-4d5e-9f60-718293a4b5c6\r\n"
	whole := func(body []byte) []byte {
		return fmt.Appendf(nil, "HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n%s", common, len(body), body)
	}
	return &server{
		tls: &tls.Config{
			Certificates: []tls.Certificate{pair},
			MinVersion:   tls.VersionTLS13,
			NextProtos:   []string{"http/1.1"},
			// Full records from the start: the first 128 kB of a connection would else be cut into 1.4 kB ones, each a write.
			DynamicRecordSizingDisabled: true,
		},
		noise: pattern.Noise(),
		text:  pattern.Text(),
		fixed: map[string][]byte{
			podPath:    whole(pattern.Pod()),
			"/version": whole([]byte(`{"major":"1","minor":"35","gitVersion":"v1.35.0","platform":"linux/amd64"}` + "\n")),
			"/livez":   whole([]byte("ok")),
			"/readyz":  whole([]byte("ok")),
		},
		chunkedHead: []byte("HTTP/1.1 200 OK\r\n" + common + "Transfer-Encoding: chunked\r\n\r\n"),
	}
}

func (s *server) serve(listener net.Listener) error {
	for {
		raw, err := listener.Accept()
		if err != nil {
			return err
		}
		go func() {
			below := &bulk.Conn{Conn: raw}
			conn := &connection{server: s, below: below, Conn: tls.Server(below, s.tls)}
			conn.in = bufio.NewReaderSize(conn.Conn, readBufferSize)
			defer conn.Close()
			if err := conn.answerAll(); err != nil && !isDeparture(err) {
				fmt.Fprintf(os.Stderr, "upstream: %v: %v\n", raw.RemoteAddr(), err)
			}
		}()
	}
}

// isDeparture: the other end went, which is no error of anybody's.
func isDeparture(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// connection is one caller's: requests one after another, until an exec takes it over.
type connection struct {
	*tls.Conn
	server *server
	below  *bulk.Conn
	in     *bufio.Reader
	head   http1.Head
}

func (c *connection) answerAll() error {
	for {
		if err := c.head.Read(c.in); err != nil {
			return err
		}
		path, query, ok := c.head.Target()
		if !ok || c.head.Chunked {
			return c.refuse("400 Bad Request")
		}
		if c.head.Length > 0 {
			if _, err := io.CopyN(io.Discard, c.in, c.head.Length); err != nil {
				return err
			}
		}
		if answer, found := c.server.fixed[string(path)]; found {
			c.server.turns.wait()
			if _, err := c.Write(answer); err != nil {
				return err
			}
		} else if over, err := c.answerLong(string(path), string(query)); over || err != nil {
			return err
		}
		if c.head.Close {
			return nil
		}
	}
}

// answerLong does what may allocate because it is rare or long. over: the connection is used up.
func (c *connection) answerLong(path, rawQuery string) (over bool, err error) {
	values, err := url.ParseQuery(rawQuery)
	if err != nil {
		return true, c.refuse("400 Bad Request")
	}
	q := query{Values: values}
	switch path {
	case listPath:
		bytes := q.int("bytes", 0)
		if q.err != nil {
			return true, c.refuse("400 Bad Request")
		}
		return false, c.list(bytes)
	case eventsPath:
		w := watch{rate: q.float("rate", 1), size: int(q.int("size", 1000)), count: q.int("n", -1), tag: q.Get("tag")}
		if q.err != nil || q.Get("watch") != "1" {
			return true, c.refuse("400 Bad Request")
		}
		return false, c.watch(w)
	case execPath:
		e := exec{command: q.Get("command"), bytes: q.int("bytes", 0), hold: q.Get("hold") == "1"}
		if q.err != nil || len(c.head.Upgrade) == 0 {
			return true, c.refuse("400 Bad Request")
		}
		return true, c.exec(e)
	}
	return true, c.refuse("404 Not Found")
}

func (c *connection) refuse(status string) error {
	fmt.Fprintf(c, "HTTP/1.1 %s\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", status)
	return fmt.Errorf("%s to %q", status, c.head.Line)
}

// query remembers the first value that was no number.
type query struct {
	url.Values
	err error
}

func (q *query) int(name string, absent int64) int64 {
	return parse(q, name, absent, func(text string) (int64, error) { return strconv.ParseInt(text, 10, 64) })
}

func (q *query) float(name string, absent float64) float64 {
	return parse(q, name, absent, func(text string) (float64, error) { return strconv.ParseFloat(text, 64) })
}

func parse[N int64 | float64](q *query, name string, absent N, of func(string) (N, error)) N {
	if !q.Has(name) {
		return absent
	}
	n, err := of(q.Get(name))
	if err != nil || n < 0 {
		q.err = fmt.Errorf("%s is no number", name)
	}
	return n
}
