// Command gogate is the gate that one writes in Go in an afternoon: net/http/httputil.ReverseProxy, go-oidc verifying the token of
// every request, impersonation headers. kube-oidc-proxy and Pinniped's concierge stand on the same engine.
//
//	gogate --cert FILE --key FILE --upstream URL --upstream-ca FILE --issuer URL --issuer-ca FILE --audience A [--listen 127.0.0.1:0]
//
// It prints {"listening":"127.0.0.1:PORT"} and ends when the pipe at its stdin does.
package main

import (
	"context"
	"crypto/tls"
	"flag"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"postern.dev/bench/internal/program"
)

type identity struct {
	Subject string   `json:"sub"`
	Groups  []string `json:"groups"`
}

type identityKey struct{}

func main() {
	cert := flag.String("cert", "", "certificate, PEM")
	key := flag.String("key", "", "its key, PEM")
	listen := flag.String("listen", "127.0.0.1:0", "address")
	upstream := flag.String("upstream", "", "URL of the API server")
	upstreamCA := flag.String("upstream-ca", "", "its authority, PEM")
	issuer := flag.String("issuer", "", "URL of the OpenID issuer")
	issuerCA := flag.String("issuer-ca", "", "its authority, PEM")
	audience := flag.String("audience", "", "audience of the tokens")
	flag.Parse()

	to, err := url.Parse(*upstream)
	program.Check(err)
	upstreamTransport, err := newTransport(*upstreamCA)
	program.Check(err)
	issuerTransport, err := newTransport(*issuerCA)
	program.Check(err)
	provider, err := oidc.NewProvider(oidc.ClientContext(context.Background(), &http.Client{Transport: issuerTransport}), *issuer)
	program.Check(err)
	verifier := provider.Verifier(&oidc.Config{ClientID: *audience})

	pair, err := tls.LoadX509KeyPair(*cert, *key)
	program.Check(err)
	listener, err := net.Listen("tcp", *listen)
	program.Check(err)
	server := &http.Server{
		Handler:   authenticated(verifier, newProxy(to, upstreamTransport)),
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12},
	}
	program.ExitWithRunner()
	program.PrintListening(listener)
	program.Check(server.ServeTLS(listener, "", ""))
}

// newTransport speaks HTTP/1.1 only, and keeps as many idle connections as client-go does (net/http's 2 would make it reconnect).
func newTransport(authority string) (*http.Transport, error) {
	pool, err := program.ReadPool(authority)
	return &http.Transport{
		TLSClientConfig:     &tls.Config{RootCAs: pool},
		MaxIdleConnsPerHost: 25,
		IdleConnTimeout:     90 * time.Second,
		DisableCompression:  true,
	}, err
}

// authenticated lets pass who has a token that verifies now.
func authenticated(verifier *oidc.IDTokenVerifier, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, found := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !found {
			http.Error(w, "Unauthorized", http.StatusUnauthorized)
			return
		}
		var who identity
		token, err := verifier.Verify(r.Context(), raw)
		if err == nil {
			err = token.Claims(&who)
		}
		if err != nil {
			http.Error(w, "Unauthorized", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), identityKey{}, who)))
	})
}

func newProxy(to *url.URL, transport http.RoundTripper) http.Handler {
	return &httputil.ReverseProxy{
		Transport:     transport,
		FlushInterval: -1,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			header := r.Out.Header
			header.Del("Authorization")
			for name := range header { // canonical, as net/http reads them
				if strings.HasPrefix(name, "Impersonate-") {
					delete(header, name)
				}
			}
			who := r.In.Context().Value(identityKey{}).(identity)
			header.Set("Impersonate-User", who.Subject)
			for _, group := range who.Groups {
				header.Add("Impersonate-Group", group)
			}
		},
	}
}
