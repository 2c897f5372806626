package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/util/httpstream"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/transport/spdy"
)

// Ports of the pod of pod.yaml.
const (
	echoPort   = 8080
	pagePort   = 8081
	closedPort = 8082
)

// dialerKind is one of client-go's ways to open a port-forward.
type dialerKind struct {
	name string
	make func(config *rest.Config, u *url.URL) (httpstream.Dialer, error)
}

var dialerKinds = []dialerKind{
	{name: "spdy", make: newSPDYDialer},
	{name: "websocket", make: portforwardOverWebSocket},
	{name: "fallback", make: newFallbackDialer},
}

func newSPDYDialer(config *rest.Config, u *url.URL) (httpstream.Dialer, error) {
	transport, upgrader, err := spdy.RoundTripperFor(config)
	if err != nil {
		return nil, err
	}
	return spdy.NewDialer(upgrader, &http.Client{Transport: transport}, "POST", u), nil
}

func portforwardOverWebSocket(config *rest.Config, u *url.URL) (httpstream.Dialer, error) {
	return portforward.NewSPDYOverWebsocketDialer(u, config)
}

// newFallbackDialer is the dialer that kubectl uses, with a failure for the fallback: SPDY would hide that the WebSocket was refused.
func newFallbackDialer(config *rest.Config, u *url.URL) (httpstream.Dialer, error) {
	primary, err := portforwardOverWebSocket(config, u)
	if err != nil {
		return nil, err
	}
	secondary := &refused{}
	return portforward.NewFallbackDialer(primary, secondary, secondary.note), nil
}

// newCountingFallbackDialer asks over WebSocket for a protocol that no server has, so that SPDY must follow, and counts how often it did.
func newCountingFallbackDialer(count *atomic.Int32) func(*rest.Config, *url.URL) (httpstream.Dialer, error) {
	return func(config *rest.Config, u *url.URL) (httpstream.Dialer, error) {
		tunnel, err := portforwardOverWebSocket(config, u)
		if err != nil {
			return nil, err
		}
		secondary, err := newSPDYDialer(config, u)
		if err != nil {
			return nil, err
		}
		primary := dialerFunc(func(...string) (httpstream.Connection, string, error) { return tunnel.Dial("goclient.test") })
		return portforward.NewFallbackDialer(primary, secondary, func(err error) bool {
			if !isUpgradeFailure(err) {
				return false
			}
			count.Add(1)
			return true
		}), nil
	}
}

type dialerFunc func(protocols ...string) (httpstream.Connection, string, error)

// Dial implements httpstream.Dialer.
func (f dialerFunc) Dial(protocols ...string) (httpstream.Connection, string, error) {
	return f(protocols...)
}

// forward is a port-forward that is ready. done has what ForwardPorts returned.
type forward struct {
	stop  chan struct{}
	done  chan error
	local map[int]string
}

// open starts a port-forward to the pod's ports and waits until it is ready.
func (k dialerKind) open(ctx context.Context, t *target, ports ...int) (*forward, error) {
	dialer, err := k.make(t.config, t.client.CoreV1().RESTClient().Post().Resource("pods").Namespace(t.namespace).
		Name(t.pod).SubResource("portforward").URL())
	if err != nil {
		return nil, err
	}
	var wanted []string
	for _, port := range ports {
		wanted = append(wanted, fmt.Sprintf("0:%d", port))
	}
	f := &forward{stop: make(chan struct{}), done: make(chan error, 1), local: map[int]string{}}
	ready := make(chan struct{})
	forwarder, err := portforward.NewOnAddresses(dialer, []string{"127.0.0.1"}, wanted, f.stop, ready, io.Discard, io.Discard)
	if err != nil {
		return nil, err
	}
	go func() { f.done <- forwarder.ForwardPorts() }()
	select {
	case <-ready:
	case err := <-f.done:
		return nil, fmt.Errorf("the port-forward ended before it was ready: %w", orNoError(err))
	case <-ctx.Done():
		close(f.stop)
		return nil, fmt.Errorf("the port-forward does not become ready: %w", ctx.Err())
	}
	forwarded, err := forwarder.GetPorts()
	if err != nil {
		return nil, err
	}
	for _, port := range forwarded {
		f.local[int(port.Remote)] = net.JoinHostPort("127.0.0.1", strconv.Itoa(int(port.Local)))
	}
	return f, nil
}

// end stops the forward and joins err with what is wrong with its end.
func (f *forward) end(err error) error {
	close(f.stop)
	select {
	case ended := <-f.done:
		if ended != nil {
			return errors.Join(err, fmt.Errorf("a stopped port-forward returned %w", ended))
		}
		return err
	case <-time.After(cancelLimit):
		return errors.Join(err, fmt.Errorf("the port-forward goes on %s after it was stopped", cancelLimit))
	}
}

// dial connects to the local end of the pod's port. The connection's deadline is ctx's.
func (f *forward) dial(ctx context.Context, port int) (*net.TCPConn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", f.local[port])
	if err != nil {
		return nil, err
	}
	deadline, _ := ctx.Deadline()
	return conn.(*net.TCPConn), conn.SetDeadline(deadline)
}
