package main

import (
	"bytes"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"postern.dev/bench/internal/pattern"
)

// dialServer connects to a server of net/http.
func dialServer(t *testing.T, http2 bool, answer http.HandlerFunc) (*target, *conn) {
	t.Helper()
	server := httptest.NewUnstartedServer(answer)
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	to, err := newTarget(options{target: server.URL, ca: ca, token: "secret", http2: http2})
	if err != nil {
		t.Fatal(err)
	}
	c, err := to.dial(restReadBuffer)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return to, c
}

func TestGetsAreCheckedOverBothVersions(t *testing.T) {
	pod := pattern.Pod()
	wrong := bytes.Clone(pod)
	wrong[2000] ^= 1
	for name, c := range map[string]struct {
		status int
		body   []byte
		fails  string
	}{
		"right":   {200, pod, ""},
		"refused": {401, []byte("no"), "401"},
		"wrong":   {200, wrong, "not the object"},
		"short":   {200, pod[:3000], "OF"}, // EOF or "3000 bytes OF"
		"long":    {200, append(bytes.Clone(pod), pod...), "not the object"},
		"empty":   {200, nil, "OF"},
	} {
		for _, http2 := range []bool{false, true} {
			to, conn := dialServer(t, http2, func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Authorization") != "Bearer secret" || r.URL.Path != podPath || (r.ProtoMajor == 2) != http2 {
					w.WriteHeader(500)
					return
				}
				w.WriteHeader(c.status)
				w.Write(c.body)
			})
			var err error
			took := 0
			if http2 {
				err = newHTTP2(conn, to).get(200, 7, func(time.Duration) { took++ })
			} else {
				for g := newGetter(conn); took < 200 && err == nil; took++ {
					err = g.get(to.request("GET", podPath, ""))
				}
			}
			if c.fails == "" && (err != nil || took != 200) {
				t.Errorf("%s, http2 %v: %v after %d", name, http2, err, took)
			}
			if c.fails != "" && (err == nil || !strings.Contains(strings.ToUpper(err.Error()), strings.ToUpper(c.fails))) {
				t.Errorf("%s, http2 %v: %v", name, http2, err)
			}
		}
	}
}
