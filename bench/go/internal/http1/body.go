package http1

import (
	"bufio"
	"errors"
	"io"
	"strconv"
)

var errChunk = errors.New("malformed chunk")

// Body reads a message's body, by length or chunked.
type Body struct {
	from    *bufio.Reader
	left    int64 // of the body, or of the present chunk
	chunked bool
	started bool // a chunk came before, so its line end is still to be read
	over    bool
}

// NewBody is the body that follows head. One with neither length nor chunks is an error: the bench's peers always say.
func NewBody(head *Head, from *bufio.Reader) (Body, error) {
	if !head.Chunked && head.Length < 0 {
		return Body{}, errors.New("a body of unknown length")
	}
	return Body{from: from, left: max(head.Length, 0), chunked: head.Chunked}, nil
}

// Next is the next piece as it lies in the buffer, at least a byte; it holds until the next read. io.EOF at the body's end.
func (b *Body) Next() ([]byte, error) {
	if err := b.advance(); err != nil {
		return nil, err
	}
	if b.from.Buffered() == 0 {
		if _, err := b.from.Peek(1); err != nil {
			return nil, unexpected(err)
		}
	}
	piece, _ := b.from.Peek(int(min(b.left, int64(b.from.Buffered()))))
	b.left -= int64(len(piece))
	_, err := b.from.Discard(len(piece))
	return piece, err
}

// Read is io.Reader's.
func (b *Body) Read(p []byte) (int, error) {
	if err := b.advance(); err != nil {
		return 0, err
	}
	n, err := b.from.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, unexpected(err)
}

// advance makes sure that something is left, or says io.EOF.
func (b *Body) advance() error {
	if b.left > 0 {
		return nil
	}
	if !b.chunked || b.over {
		return io.EOF
	}
	if b.started {
		if line, err := readLine(b.from); err != nil || len(line) > 0 {
			return errors.Join(errChunk, err)
		}
	}
	line, err := readLine(b.from)
	if err != nil {
		return unexpected(err)
	}
	size, err := strconv.ParseInt(string(line), 16, 64)
	if err != nil || size < 0 {
		return errChunk
	}
	b.left, b.started = size, true
	if size > 0 {
		return nil
	}
	b.over = true
	for { // trailers, up to the empty line
		line, err := readLine(b.from)
		if err != nil {
			return unexpected(err)
		}
		if len(line) == 0 {
			return io.EOF
		}
	}
}
