package main

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"sync/atomic"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/httpstream"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/remotecommand"
	streamhttp "k8s.io/streaming/pkg/httpstream"
)

// executorKind is one of client-go's ways to run a command in a container.
type executorKind struct {
	name string
	make func(config *rest.Config, u *url.URL) (remotecommand.Executor, error)
}

var executorKinds = []executorKind{
	{name: "spdy", make: newSPDY},
	{name: "websocket", make: newWebSocket},
	{name: "fallback", make: newFallback},
}

func newSPDY(config *rest.Config, u *url.URL) (remotecommand.Executor, error) {
	return remotecommand.NewSPDYExecutor(config, "POST", u)
}

func newWebSocket(config *rest.Config, u *url.URL) (remotecommand.Executor, error) {
	return remotecommand.NewWebSocketExecutor(config, "GET", u.String())
}

// newFallback is the executor that k9s and kubectl use. It takes a fallback for a failure: SPDY would hide that the WebSocket was refused.
func newFallback(config *rest.Config, u *url.URL) (remotecommand.Executor, error) {
	primary, err := newWebSocket(config, u)
	if err != nil {
		return nil, err
	}
	secondary := &refused{}
	return remotecommand.NewFallbackExecutor(primary, secondary, secondary.note)
}

// refused takes the place of what a fallback leads to, and fails with the reason for it.
type refused struct{ cause error }

// note is isUpgradeFailure and keeps the failure.
func (r *refused) note(err error) bool {
	r.cause = fmt.Errorf("the WebSocket was refused: %w", err)
	return isUpgradeFailure(err)
}

// Stream implements remotecommand.Executor.
func (r *refused) Stream(remotecommand.StreamOptions) error { return r.cause }

// StreamWithContext implements remotecommand.Executor.
func (r *refused) StreamWithContext(context.Context, remotecommand.StreamOptions) error {
	return r.cause
}

// Dial implements httpstream.Dialer.
func (r *refused) Dial(...string) (httpstream.Connection, string, error) { return nil, "", r.cause }

// newCountingFallback asks for a WebSocket protocol that no server has, so that SPDY must follow, and counts how often it did.
func newCountingFallback(count *atomic.Int32) func(*rest.Config, *url.URL) (remotecommand.Executor, error) {
	return func(config *rest.Config, u *url.URL) (remotecommand.Executor, error) {
		primary, err := remotecommand.NewWebSocketExecutorForProtocols(config, "GET", u.String(), "v9.goclient.test")
		if err != nil {
			return nil, err
		}
		secondary, err := newSPDY(config, u)
		if err != nil {
			return nil, err
		}
		return remotecommand.NewFallbackExecutor(primary, secondary, func(err error) bool {
			if !isUpgradeFailure(err) {
				return false
			}
			count.Add(1)
			return true
		})
	}
}

// isUpgradeFailure is kubectl's condition. The functions of the same name in apimachinery's httpstream, which were the public ones before
// 0.36, do not know the error type that client-go 0.36 returns: programs that still use them do not fall back any more.
func isUpgradeFailure(err error) bool {
	return streamhttp.IsUpgradeFailure(err) || streamhttp.IsHTTPSProxyError(err)
}

// execution is one exec or attach (command nil).
type execution struct {
	command []string
	stdin   io.Reader
	stdout  io.Writer
	stderr  io.Writer
	tty     bool
	sizes   remotecommand.TerminalSizeQueue
}

// run does e with an executor of this kind and returns what Stream returns.
func (k executorKind) run(ctx context.Context, t *target, e execution) error {
	executor, err := k.make(t.config, t.execURL(e))
	if err != nil {
		return err
	}
	return executor.StreamWithContext(ctx, remotecommand.StreamOptions{
		Stdin: e.stdin, Stdout: e.stdout, Stderr: e.stderr, Tty: e.tty, TerminalSizeQueue: e.sizes,
	})
}

// start does e in the background.
func (k executorKind) start(ctx context.Context, t *target, e execution) <-chan error {
	done := make(chan error, 1)
	go func() { done <- k.run(ctx, t, e) }()
	return done
}

func (t *target) execURL(e execution) *url.URL {
	request := t.client.CoreV1().RESTClient().Post().Resource("pods").Namespace(t.namespace).Name(t.pod)
	stdin, stdout, stderr := e.stdin != nil, e.stdout != nil, e.stderr != nil
	if e.command == nil {
		return request.SubResource("attach").VersionedParams(&corev1.PodAttachOptions{
			Container: t.container, Stdin: stdin, Stdout: stdout, Stderr: stderr, TTY: e.tty,
		}, scheme.ParameterCodec).URL()
	}
	return request.SubResource("exec").VersionedParams(&corev1.PodExecOptions{
		Container: t.container, Command: e.command, Stdin: stdin, Stdout: stdout, Stderr: stderr, TTY: e.tty,
	}, scheme.ParameterCodec).URL()
}

func sh(script string) []string {
	return []string{"sh", "-c", script}
}
