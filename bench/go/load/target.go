package main

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"net"
	"net/url"
	"sync/atomic"
	"time"

	"postern.dev/bench/internal/bulk"
	"postern.dev/bench/internal/http1"
	"postern.dev/bench/internal/program"
)

const (
	podPath     = "/api/v1/namespaces/bench/pods/x"
	dialTimeout = 30 * time.Second
	userAgent   = "kubectl/v1.35.0 (linux/amd64) postern-bench"
)

// target is the proxy, or the upstream itself.
type target struct {
	address    string
	token      string
	bearer     string // the token as a header field's value
	tls        *tls.Config
	negotiated atomic.Pointer[negotiated]
}

// negotiated is what the last handshake chose: it explains part of the figures.
type negotiated struct {
	Cipher string `json:"cipher"`
	Curve  string `json:"curve"`
	ALPN   string `json:"alpn"`
}

func newTarget(o options) (*target, error) {
	parsed, err := url.Parse(o.target)
	if err != nil || parsed.Scheme != "https" || parsed.Port() == "" {
		return nil, fmt.Errorf("--target %q is not https://HOST:PORT", o.target)
	}
	pool, err := program.ReadPool(o.ca)
	if err != nil {
		return nil, err
	}
	config := &tls.Config{
		RootCAs:    pool,
		ServerName: parsed.Hostname(),
		MinVersion: tls.VersionTLS13,
		NextProtos: []string{"http/1.1"},
		// As at the upstream: full records from the first write on.
		DynamicRecordSizingDisabled: true,
	}
	if o.http2 {
		config.NextProtos = []string{"h2"}
	}
	switch o.curve {
	case "":
	case "x25519":
		config.CurvePreferences = []tls.CurveID{tls.X25519}
	case "x25519mlkem768":
		config.CurvePreferences = []tls.CurveID{tls.X25519MLKEM768}
	default:
		return nil, fmt.Errorf("--curve %q is not known", o.curve)
	}
	return &target{address: parsed.Host, token: o.token, bearer: "Bearer " + o.token, tls: config}, nil
}

// conn is one verified TLS connection. All reads go through in, which is small unless large pieces are expected.
type conn struct {
	*tls.Conn
	below *bulk.Conn
	in    *bufio.Reader
	head  http1.Head
}

// dial makes a connection with a full handshake: no resumption, as kubectl does none.
func (t *target) dial(readBuffer int) (*conn, error) {
	raw, err := net.DialTimeout("tcp", t.address, dialTimeout)
	if err != nil {
		return nil, err
	}
	below := &bulk.Conn{Conn: raw}
	secure := tls.Client(below, t.tls)
	raw.SetDeadline(time.Now().Add(dialTimeout))
	if err := secure.Handshake(); err != nil {
		raw.Close()
		return nil, fmt.Errorf("handshake: %w", err)
	}
	raw.SetDeadline(time.Time{})
	state := secure.ConnectionState()
	if wanted := t.tls.NextProtos[0]; state.NegotiatedProtocol != wanted && (wanted == "h2" || state.NegotiatedProtocol != "") {
		raw.Close()
		return nil, fmt.Errorf("ALPN chose %q, not %q", state.NegotiatedProtocol, wanted)
	}
	if t.negotiated.Load() == nil {
		t.negotiated.Store(&negotiated{tls.CipherSuiteName(state.CipherSuite), state.CurveID.String(), state.NegotiatedProtocol})
	}
	return &conn{Conn: secure, below: below, in: bufio.NewReaderSize(secure, readBuffer)}, nil
}

// request is the text of a request without a body; more are lines of header fields.
func (t *target) request(method, pathAndQuery, more string) []byte {
	text := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: %s\r\nAccept: application/json\r\n%s", method, pathAndQuery, t.address, userAgent, more)
	if t.token != "" {
		text += "Authorization: " + t.bearer + "\r\n"
	}
	return []byte(text + "\r\n")
}

// ask sends a request and reads the head of its response, which has to have the status.
func (c *conn) ask(request []byte, status int) error {
	if _, err := c.Write(request); err != nil {
		return err
	}
	if err := c.head.Read(c.in); err != nil {
		return fmt.Errorf("reading the response: %w", err)
	}
	if c.head.Status() != status {
		return fmt.Errorf("answer %q, not %d%s", c.head.Line, status, c.explanation())
	}
	return nil
}

// explanation is the beginning of an unwanted response's body.
func (c *conn) explanation() string {
	body, err := http1.NewBody(&c.head, c.in)
	if err != nil {
		return ""
	}
	piece, err := body.Next()
	if err != nil {
		return ""
	}
	return fmt.Sprintf(": %q", piece[:min(len(piece), 300)])
}
