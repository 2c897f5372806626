// Package pattern holds the contents that the bench moves, so that both ends of a proxy can check every byte by its place in the
// stream without keeping or sending anything beside it.
package pattern

import "bytes"

// Piece is how much the bench writes at once, at most.
const Piece = 128 << 10

// The period is prime, so that a piece of any usual size (4 KiB, 16 KiB, 64 KiB) that is lost or doubled shifts all that follows.
const period = 65521

// Endless is a stream without an end: the byte at an offset depends on the offset alone.
type Endless struct{ bytes []byte }

// Noise looks like compressed or encrypted data: for exec sessions.
func Noise() Endless {
	state := uint32(2463534242)
	return endless(func(int) byte {
		state ^= state << 13
		state ^= state >> 17
		state ^= state << 5
		return byte(state >> 24)
	})
}

// Text looks like the items of a list of ConfigMaps.
func Text() Endless {
	const item = `{"metadata":{"name":"settings","namespace":"bench","resourceVersion":"104711"},"data":{"key":"a value of some length"}},`
	return endless(func(at int) byte { return item[at%len(item)] })
}

func endless(at func(int) byte) Endless {
	all := make([]byte, period+Piece)
	for i := range period {
		all[i] = at(i)
	}
	// The first Piece bytes once more (the period is shorter than a piece, hence one by one), so that any piece is one slice.
	for i := period; i < len(all); i++ {
		all[i] = all[i-period]
	}
	return Endless{all}
}

// At is the content at offset: n bytes, at most Piece. Not to be written to.
func (e Endless) At(offset int64, n int) []byte {
	from := int(offset % period)
	return e.bytes[from : from+n]
}

// Matches says whether got is the content at offset.
func (e Endless) Matches(offset int64, got []byte) bool {
	for len(got) > Piece {
		if !bytes.Equal(got[:Piece], e.At(offset, Piece)) {
			return false
		}
		got, offset = got[Piece:], offset+Piece
	}
	return bytes.Equal(got, e.At(offset, len(got)))
}

// Pod is the object of the small GET: JSON of exactly 4 kB.
func Pod() []byte {
	const size = 4000
	head := []byte(`{"kind":"Pod","apiVersion":"v1","metadata":{"name":"x","namespace":"bench","annotations":{"filler":"`)
	tail := []byte("\"}}}\n")
	filler := bytes.Repeat([]byte("0123456789abcdef"), size/16)
	return append(append(head, filler[:size-len(head)-len(tail)]...), tail...)
}
