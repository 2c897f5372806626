package pattern

import (
	"bytes"
	"fmt"
	"time"
)

// An event is one line of JSON with the time it was sent and its number at fixed places, in fixed width: sender and receiver touch
// 29 bytes of it and allocate nothing.
const (
	sentAt      = len(eventHead)
	sentDigits  = 19
	orderAt     = sentAt + sentDigits + len(eventOrder)
	orderDigits = 10
	eventHead   = `{"type":"MODIFIED","object":{"kind":"ConfigMap","apiVersion":"v1","sent":`
	eventOrder  = `,"order":"`
	eventTag    = `","tag":"`
	eventFiller = `","filler":"`
	eventTail   = "\"}}\n"
)

// NewEvent makes the line that a sender stamps again and again. size counts the newline; tag must need no escaping.
func NewEvent(size int, tag string) ([]byte, error) {
	line := fmt.Appendf(nil, "%s%0*d%s%0*d%s%s%s", eventHead, sentDigits, 0, eventOrder, orderDigits, 0, eventTag, tag, eventFiller)
	room := size - len(line) - len(eventTail)
	if room < 0 {
		return nil, fmt.Errorf("an event with this tag needs %d bytes at least", size-room)
	}
	line = append(line, bytes.Repeat([]byte("."), room)...)
	return append(line, eventTail...), nil
}

// Stamp puts the time of sending and the event's number into its line.
func Stamp(line []byte, sent time.Time, order int64) {
	putDigits(line[sentAt:sentAt+sentDigits], sent.UnixNano())
	putDigits(line[orderAt:orderAt+orderDigits], order)
}

// ReadStamp takes them out again. like is an event of NewEvent with the same size and tag: all but the stamp has to be equal.
func ReadStamp(line, like []byte) (sentUnixNano, order int64, ok bool) {
	if len(line) != len(like) ||
		!bytes.Equal(line[:sentAt], like[:sentAt]) ||
		!bytes.Equal(line[sentAt+sentDigits:orderAt], like[sentAt+sentDigits:orderAt]) ||
		!bytes.Equal(line[orderAt+orderDigits:], like[orderAt+orderDigits:]) {
		return 0, 0, false
	}
	sentUnixNano, sentOK := digits(line[sentAt : sentAt+sentDigits])
	order, orderOK := digits(line[orderAt : orderAt+orderDigits])
	return sentUnixNano, order, sentOK && orderOK
}

func putDigits(into []byte, n int64) {
	for i := len(into) - 1; i >= 0; i-- {
		into[i] = byte('0' + n%10)
		n /= 10
	}
}

func digits(from []byte) (n int64, ok bool) {
	for _, c := range from {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}
