// Package http1 reads as much of HTTP/1.1 (RFC 9112) as the bench needs, without allocating: net/http costs as much per small
// request as some of the proxies that are measured, and the ends must not be the bottleneck.
package http1

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strconv"
)

var errMalformed = errors.New("malformed HTTP/1.1 head")

// Head is the start line of a request or response and the fields that the bench looks at. It is reused from message to message.
type Head struct {
	Line    []byte
	Length  int64 // -1 when not stated
	Chunked bool
	Close   bool
	Upgrade []byte
	Key     []byte // Sec-WebSocket-Key
}

// Read reads one head up to and with its empty line. io.EOF means that the connection ended before it began.
func (h *Head) Read(from *bufio.Reader) error {
	h.Line, h.Upgrade, h.Key = h.Line[:0], h.Upgrade[:0], h.Key[:0]
	h.Length, h.Chunked, h.Close = -1, false, false
	line, err := readLine(from)
	if err != nil {
		return err
	}
	h.Line = append(h.Line, line...)
	for {
		line, err := readLine(from)
		if err != nil {
			return unexpected(err)
		}
		if len(line) == 0 {
			return nil
		}
		name, value, found := bytes.Cut(line, []byte(":"))
		if !found {
			return errMalformed
		}
		if err := h.take(name, bytes.TrimSpace(value)); err != nil {
			return err
		}
	}
}

func (h *Head) take(name, value []byte) (err error) {
	// By length first: most names are then told apart by one comparison of integers.
	switch len(name) {
	case len("Upgrade"):
		if is(name, "upgrade") {
			h.Upgrade = append(h.Upgrade[:0], value...)
		}
	case len("Connection"):
		if is(name, "connection") {
			h.Close = is(value, "close")
		}
	case len("Content-Length"):
		if is(name, "content-length") {
			h.Length, err = strconv.ParseInt(string(value), 10, 64)
		}
	case len("Transfer-Encoding"): // and Sec-WebSocket-Key, which is as long
		if is(name, "transfer-encoding") {
			h.Chunked = is(value, "chunked")
		} else if is(name, "sec-websocket-key") {
			h.Key = append(h.Key[:0], value...)
		}
	}
	return err
}

// Status is the code of a response's start line, 0 if it is none.
func (h *Head) Status() int {
	if len(h.Line) < len("HTTP/1.1 200") || !bytes.HasPrefix(h.Line, []byte("HTTP/1.1 ")) {
		return 0
	}
	status, err := strconv.Atoi(string(h.Line[9:12]))
	if err != nil {
		return 0
	}
	return status
}

// Target is the path and the query (without its question mark) of a request's start line.
func (h *Head) Target() (path, query []byte, ok bool) {
	_, rest, _ := bytes.Cut(h.Line, []byte(" "))
	target, version, _ := bytes.Cut(rest, []byte(" "))
	path, query, _ = bytes.Cut(target, []byte("?"))
	return path, query, string(version) == "HTTP/1.1"
}

func is(got []byte, lower string) bool { return bytes.EqualFold(got, []byte(lower)) }

func readLine(from *bufio.Reader) ([]byte, error) {
	line, err := from.ReadSlice('\n')
	if err != nil {
		if len(line) > 0 {
			err = unexpected(err)
		}
		return nil, err
	}
	return bytes.TrimSuffix(line[:len(line)-1], []byte("\r")), nil
}

func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
