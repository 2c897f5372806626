package http1

import (
	"bufio"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestHead(t *testing.T) {
	from := bufio.NewReader(strings.NewReader("POST /a?b=c HTTP/1.1\r\nhost: x\r\ncontent-LENGTH:  7 \r\nUpgrade: SPDY/3.1\r\n\r\n" +
		"HTTP/1.1 401 Unauthorized\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"))
	var head Head
	if err := head.Read(from); err != nil {
		t.Fatal(err)
	}
	path, query, ok := head.Target()
	if string(path) != "/a" || string(query) != "b=c" || !ok || head.Length != 7 || string(head.Upgrade) != "SPDY/3.1" || head.Chunked {
		t.Errorf("%q %q %v %+v", path, query, ok, head)
	}
	if err := head.Read(from); err != nil {
		t.Fatal(err)
	}
	if head.Status() != 401 || head.Length != -1 || !head.Chunked || !head.Close || len(head.Upgrade) > 0 {
		t.Errorf("%d %+v", head.Status(), head)
	}
	if err := head.Read(from); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
}

func TestBrokenHeads(t *testing.T) {
	for _, text := range []string{"GET / HT", "GET / HTTP/1.1\r\nhost: x\r\n", "GET / HTTP/1.1\r\nnonsense\r\n\r\n", "X\r\ncontent-length: y\r\n\r\n"} {
		var head Head
		if err := head.Read(bufio.NewReader(strings.NewReader(text))); err == nil || err == io.EOF {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestBodies(t *testing.T) {
	for _, c := range []struct {
		name, text, body, rest string
		head                   Head
		fails                  bool
	}{
		{"by length", "hellorest", "hello", "rest", Head{Length: 5}, false},
		{"empty", "rest", "", "rest", Head{Length: 0}, false},
		{"chunked", "5\r\nhello\r\nA\r\n0123456789\r\n0\r\n\r\nrest", "hello0123456789", "rest", Head{Length: -1, Chunked: true}, false},
		{"trailers", "1\r\nx\r\n0\r\na: b\r\n\r\nrest", "x", "rest", Head{Length: -1, Chunked: true}, false},
		{"cut by length", "hel", "hel", "", Head{Length: 5}, true},
		{"cut in a chunk", "5\r\nhel", "hel", "", Head{Length: -1, Chunked: true}, true},
		{"cut between chunks", "1\r\nx\r\n", "x", "", Head{Length: -1, Chunked: true}, true},
		{"a longer chunk than it says", "1\r\nxy\r\n0\r\n\r\n", "x", "", Head{Length: -1, Chunked: true}, true},
	} {
		// One byte at a time: no matter where reads end.
		from := bufio.NewReader(iotest.OneByteReader(strings.NewReader(c.text)))
		body, err := NewBody(&c.head, from)
		if err != nil {
			t.Fatal(err)
		}
		var got []byte
		for err == nil {
			var piece []byte
			piece, err = body.Next()
			got = append(got, piece...)
		}
		if string(got) != c.body || (err != io.EOF) != c.fails {
			t.Errorf("%s: %q %v", c.name, got, err)
		}
		if rest, _ := io.ReadAll(from); !c.fails && string(rest) != c.rest {
			t.Errorf("%s: %q left", c.name, rest)
		}
		body, _ = NewBody(&c.head, bufio.NewReader(strings.NewReader(c.text)))
		if all, err := io.ReadAll(&body); string(all) != c.body || (err != nil) != c.fails {
			t.Errorf("%s: ReadAll %q %v", c.name, all, err)
		}
	}
	if _, err := NewBody(&Head{Length: -1}, nil); err == nil {
		t.Error("a body of unknown length was taken")
	}
}
