package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"postern.dev/bench/internal/pattern"
)

const (
	connWindow       = 1 << 30
	streamWindow     = 4 << 20 // both as Go's client, which kubectl is
	windowDue        = 1 << 20
	defaultTableSize = 4096
)

// http2Conn GETs the pod over one HTTP/2 connection. One goroutine reads and writes: a new request is sent when a response has
// ended, so as many are under way as there are callers, for a fraction of what net/http's client costs.
type http2Conn struct {
	*conn
	target  *target
	frames  *http2.Framer
	out     *bufio.Writer
	encoder *hpack.Encoder
	block   bytes.Buffer
	decoder *hpack.Decoder

	want     []byte
	calls    map[uint32]call
	nextID   uint32
	status   string // of the header block last decoded
	consumed uint32
	maxCalls uint32
	started  bool
}

// call is a request under way.
type call struct {
	start time.Time
	at    int // in the body
	good  bool
}

func newHTTP2(c *conn, t *target) *http2Conn {
	h := &http2Conn{conn: c, target: t, out: bufio.NewWriterSize(c, restReadBuffer), want: pattern.Pod(), nextID: 1,
		calls: map[uint32]call{}, maxCalls: 1 << 31}
	h.frames = http2.NewFramer(h.out, bufio.NewReaderSize(flushFirst{h.out, c.in}, restReadBuffer))
	h.frames.SetReuseFrames()
	h.encoder = hpack.NewEncoder(&h.block)
	h.decoder = hpack.NewDecoder(defaultTableSize, func(field hpack.HeaderField) {
		if field.Name == ":status" {
			h.status = field.Value
		}
	})
	return h
}

// flushFirst sends what was written before it waits for more to read.
type flushFirst struct {
	out *bufio.Writer
	io.Reader
}

func (f flushFirst) Read(p []byte) (int, error) {
	if err := f.out.Flush(); err != nil {
		return 0, err
	}
	return f.Reader.Read(p)
}

// getHTTP2 is get over one connection.
func getHTTP2(r *run) error {
	c, err := r.dial(restReadBuffer)
	if err != nil {
		return err
	}
	h := newHTTP2(c, r.target)
	// The server's SETTINGS come before its first response: the one limit that matters is then known.
	if err := h.get(1, 1, r.latencies.add); err != nil {
		return err
	}
	if h.maxCalls < uint32(r.callers) {
		return fmt.Errorf("the server allows %d streams only", h.maxCalls)
	}
	if err := h.get((r.requests+units-1)/units, r.callers, r.latencies.add); err != nil {
		return err
	}
	r.ready()
	r.note(h.get(r.requests, r.callers, r.latencies.add))
	r.done(float64(r.latencies.count()), "request")
	return nil
}

// get makes n requests, at most callers at once.
func (h *http2Conn) get(n int64, callers int, took func(time.Duration)) error {
	if !h.started {
		h.started = true
		h.out.WriteString(http2.ClientPreface)
		h.frames.WriteSettings(http2.Setting{ID: http2.SettingEnablePush, Val: 0},
			http2.Setting{ID: http2.SettingInitialWindowSize, Val: streamWindow})
		h.frames.WriteWindowUpdate(0, connWindow)
	}
	for done, sent := int64(0), int64(0); done < n; {
		for sent < n && len(h.calls) < callers {
			if err := h.send(); err != nil {
				return err
			}
			sent++
		}
		frame, err := h.frames.ReadFrame()
		if err != nil {
			return err
		}
		ended, err := h.take(frame)
		if err != nil {
			return err
		}
		if ended {
			id := frame.Header().StreamID
			took(time.Since(h.calls[id].start))
			delete(h.calls, id)
			done++
		}
	}
	return h.out.Flush()
}

func (h *http2Conn) send() error {
	h.block.Reset()
	field := func(name, value string) { h.encoder.WriteField(hpack.HeaderField{Name: name, Value: value}) }
	field(":method", "GET")
	field(":scheme", "https")
	field(":authority", h.target.address)
	field(":path", podPath)
	field("user-agent", userAgent)
	field("accept", "application/json")
	if h.target.token != "" {
		field("authorization", h.target.bearer)
	}
	h.calls[h.nextID] = call{start: time.Now()}
	err := h.frames.WriteHeaders(http2.HeadersFrameParam{
		StreamID: h.nextID, BlockFragment: h.block.Bytes(), EndStream: true, EndHeaders: true,
	})
	h.nextID += 2
	return err
}

// take deals with a frame; ended: it completed its stream's response.
func (h *http2Conn) take(frame http2.Frame) (ended bool, err error) {
	switch f := frame.(type) {
	case *http2.HeadersFrame:
		if err := h.takeHeaders(f); err != nil {
			return false, err
		}
		return f.StreamEnded(), h.checkEnd(f.StreamID, f.StreamEnded())
	case *http2.DataFrame:
		return f.StreamEnded(), h.takeData(f)
	case *http2.SettingsFrame:
		if f.IsAck() {
			return false, nil
		}
		if size, ok := f.Value(http2.SettingHeaderTableSize); ok {
			h.encoder.SetMaxDynamicTableSizeLimit(size)
		}
		if calls, ok := f.Value(http2.SettingMaxConcurrentStreams); ok {
			h.maxCalls = calls
		}
		return false, h.frames.WriteSettingsAck()
	case *http2.PingFrame:
		if f.IsAck() {
			return false, nil
		}
		return false, h.frames.WritePing(true, f.Data)
	case *http2.GoAwayFrame:
		return false, fmt.Errorf("the server goes away: %v", f.ErrCode)
	case *http2.RSTStreamFrame:
		return false, fmt.Errorf("the server reset stream %d: %v", f.StreamID, f.ErrCode)
	case *http2.ContinuationFrame, *http2.PushPromiseFrame:
		return false, fmt.Errorf("an unexpected frame: %v", f)
	}
	return false, nil
}

func (h *http2Conn) takeHeaders(f *http2.HeadersFrame) error {
	if !f.HeadersEnded() {
		return fmt.Errorf("more header fields than one frame holds")
	}
	h.status = ""
	if _, err := h.decoder.Write(f.HeaderBlockFragment()); err != nil {
		return err
	}
	if err := h.decoder.Close(); err != nil {
		return err
	}
	one, found := h.calls[f.StreamID]
	if !found {
		return fmt.Errorf("a response on stream %d, which is not open", f.StreamID)
	}
	if h.status == "" && one.good {
		return nil // trailers
	}
	if status, err := strconv.Atoi(h.status); err != nil || status != 200 {
		return fmt.Errorf("answer %q, not 200", h.status)
	}
	one.good = true
	h.calls[f.StreamID] = one
	return nil
}

func (h *http2Conn) takeData(f *http2.DataFrame) error {
	one, found := h.calls[f.StreamID]
	data := f.Data()
	if !found || !one.good || !bytes.Equal(data, h.want[one.at:min(one.at+len(data), len(h.want))]) {
		return fmt.Errorf("not the object that was asked for: %q…", strings.ToValidUTF8(string(data[:min(len(data), 80)]), "?"))
	}
	one.at += len(data)
	h.calls[f.StreamID] = one
	// Padding counts too (RFC 9113 §6.9.1).
	if h.consumed += f.Length; h.consumed >= windowDue {
		if err := h.frames.WriteWindowUpdate(0, h.consumed); err != nil {
			return err
		}
		h.consumed = 0
	}
	return h.checkEnd(f.StreamID, f.StreamEnded())
}

func (h *http2Conn) checkEnd(stream uint32, ended bool) error {
	if one := h.calls[stream]; ended && one.at != len(h.want) {
		return fmt.Errorf("%d bytes of %d", one.at, len(h.want))
	}
	return nil
}
