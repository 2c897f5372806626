package main

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"postern.dev/bench/internal/pattern"
)

// startServer serves with httptest's certificate; the client is net/http's, which knows HTTP better than we do.
func startServer(t *testing.T) (*http.Client, string) {
	t.Helper()
	borrowed := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(borrowed.Close)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go newServer(borrowed.TLS.Certificates[0]).serve(listener)
	return borrowed.Client(), "https://" + listener.Addr().String()
}

func read(t *testing.T, client *http.Client, url string) (int, []byte) {
	t.Helper()
	response, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, body
}

func TestRest(t *testing.T) {
	client, base := startServer(t)
	for range 3 { // kept alive
		if status, body := read(t, client, base+podPath); status != 200 || string(body) != string(pattern.Pod()) {
			t.Errorf("pod: %d, %d bytes", status, len(body))
		}
	}
	for _, n := range []int{0, 1, pieceLength - 1, pieceLength, 3*pieceLength + 17} {
		if status, body := read(t, client, fmt.Sprintf("%s%s?bytes=%d", base, listPath, n)); status != 200 || len(body) != n || !pattern.Text().Matches(0, body) {
			t.Errorf("list of %d: %d, %d bytes", n, status, len(body))
		}
	}
	for path, want := range map[string]int{"/nowhere": 404, listPath + "?bytes=x": 400, listPath + "?bytes=-1": 400, eventsPath: 400, execPath + "?command=echo": 400, "/version": 200} {
		if status, _ := read(t, client, base+path); status != want {
			t.Errorf("%s: %d", path, status)
		}
	}
}

func TestWatch(t *testing.T) {
	client, base := startServer(t)
	before := time.Now().UnixNano()
	status, body := read(t, client, base+eventsPath+"?watch=1&rate=1000&size=200&n=20&tag=a")
	like, _ := pattern.NewEvent(200, "a")
	if status != 200 || len(body) != 20*200 {
		t.Fatalf("%d, %d bytes", status, len(body))
	}
	for i := range int64(20) {
		sent, order, ok := pattern.ReadStamp(body[i*200:(i+1)*200], like)
		if !ok || order != i || sent < before || sent > time.Now().UnixNano() {
			t.Errorf("event %d: %d at %d, %v", i, order, sent, ok)
		}
	}
}

func TestExec(t *testing.T) {
	client, base := startServer(t)
	for _, c := range []struct{ query, send, want string }{
		{"command=echo", "hello", "hello"},
		{"command=source&bytes=1000", "", string(pattern.Noise().At(0, 1000))},
		{"command=source&bytes=500&hold=1", "xx", string(pattern.Noise().At(0, 1000))},
		{"command=sink&bytes=400", string(pattern.Noise().At(0, 800)), ".."},
		{"command=sink&bytes=400", strings.Repeat("x", 400), "!"},
	} {
		conn, err := tls.Dial("tcp", strings.TrimPrefix(base, "https://"), client.Transport.(*http.Transport).TLSClientConfig)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		// The first bytes come with the request: they must not be lost.
		fmt.Fprintf(conn, "POST %s?%s HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nContent-Length: 0\r\n\r\n%s", execPath, c.query, c.send)
		in := bufio.NewReader(conn)
		response, err := http.ReadResponse(in, nil)
		if err != nil || response.StatusCode != 101 || response.Header.Get("Upgrade") != "SPDY/3.1" || response.Header.Get("X-Stream-Protocol-Version") != "v4.channel.k8s.io" {
			t.Fatalf("%s: %v %v", c.query, response, err)
		}
		got := make([]byte, len(c.want))
		if _, err := io.ReadFull(in, got); err != nil || string(got) != c.want {
			t.Errorf("%s: %.40q %v", c.query, got, err)
		}
	}
}
