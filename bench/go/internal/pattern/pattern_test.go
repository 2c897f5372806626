package pattern

import (
	"encoding/json"
	"testing"
	"time"
)

func TestLossShiftsThePattern(t *testing.T) {
	for name, e := range map[string]Endless{"noise": Noise(), "text": Text()} {
		got := append([]byte(nil), e.At(100, Piece)...)
		got = append(got, e.At(100+Piece, 5000)...)
		if !e.Matches(100, got) {
			t.Errorf("%s: the stream itself does not match", name)
		}
		for _, lost := range []int{1, 4096, 16384, 65536} {
			if e.Matches(100, got[lost:]) {
				t.Errorf("%s: %d bytes lost at the start are not seen", name, lost)
			}
		}
		got[len(got)-1] ^= 1
		if e.Matches(100, got) {
			t.Errorf("%s: a changed last byte is not seen", name)
		}
	}
}

func TestPodIsFourKilobytesOfJSON(t *testing.T) {
	if pod := Pod(); len(pod) != 4000 || !json.Valid(pod) {
		t.Errorf("%d bytes, valid JSON: %v", len(pod), json.Valid(pod))
	}
}

func TestEventStamp(t *testing.T) {
	like, err := NewEvent(1000, "w7")
	if err != nil {
		t.Fatal(err)
	}
	line := append([]byte(nil), like...)
	now := time.Now()
	Stamp(line, now, 42)
	if len(line) != 1000 || !json.Valid(line) {
		t.Errorf("%d bytes, valid JSON: %v", len(line), json.Valid(line))
	}
	sent, order, ok := ReadStamp(line, like)
	if sent != now.UnixNano() || order != 42 || !ok {
		t.Errorf("read %d %d %v", sent, order, ok)
	}
	for at, c := range map[int]byte{3: 'x', sentAt: '-', orderAt + 2: 'a', 999: ' '} {
		broken := append([]byte(nil), line...)
		broken[at] = c
		if _, _, ok := ReadStamp(broken, like); ok {
			t.Errorf("%q at %d is not seen", c, at)
		}
	}
	if _, err := NewEvent(60, "w7"); err == nil {
		t.Error("an event without room for its stamp was made")
	}
}
