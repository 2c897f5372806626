package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"

	corev1 "k8s.io/api/core/v1"
)

func resumeCases() []testCase {
	return []testCase{{"informer: goes on after a dropped watch, and misses nothing", informerResumes}}
}

// wire keeps a client's connections, so that they can be cut, and the watches that it asked for.
type wire struct {
	lock    sync.Mutex
	open    []net.Conn
	watches []string
}

// cut closes every connection, as a network does.
func (w *wire) cut() int {
	w.lock.Lock()
	defer w.lock.Unlock()
	count := len(w.open)
	for _, connection := range w.open {
		connection.Close()
	}
	w.open = nil
	return count
}

func (w *wire) dial(ctx context.Context, network, address string) (net.Conn, error) {
	connection, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err == nil {
		w.lock.Lock()
		w.open = append(w.open, connection)
		w.lock.Unlock()
	}
	return connection, err
}

type notingTransport struct {
	inner http.RoundTripper
	wire  *wire
}

func (n notingTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	if query := request.URL.Query(); query.Get("watch") != "" {
		n.wire.lock.Lock()
		n.wire.watches = append(n.wire.watches, query.Get("resourceVersion"))
		n.wire.lock.Unlock()
	}
	return n.inner.RoundTrip(request)
}

// informerResumes cuts the connection under a watch and changes things meanwhile: the informer has to come back with the version that it had
// seen last, and to tell what it missed.
func informerResumes(ctx context.Context, t *target) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w := &wire{}
	config := rest.CopyConfig(t.config)
	config.Dial = w.dial
	config.Wrap(func(inner http.RoundTripper) http.RoundTripper { return notingTransport{inner, w} })
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	mark := fmt.Sprint(time.Now().UnixNano())
	factory := informers.NewSharedInformerFactoryWithOptions(client, 0, informers.WithNamespace(t.namespace),
		informers.WithTweakListOptions(func(options *metav1.ListOptions) { options.LabelSelector = watchLabel + "=" + mark }))
	informer := factory.Core().V1().ConfigMaps().Informer()
	seen := make(chan string, 8)
	tell := func(kind string, object any) { seen <- kind + " " + object.(*corev1.ConfigMap).Data["step"] }
	if _, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(object any) { tell("add", object) },
		UpdateFunc: func(_, object any) { tell("update", object) },
		DeleteFunc: func(object any) { tell("delete", object) },
	}); err != nil {
		return err
	}
	factory.Start(ctx.Done())
	defer factory.Shutdown()
	defer cancel()
	if !cache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
		return errors.New("the informer does not become synced")
	}
	// Each change is made by another client right after the informer's connection was cut.
	err = t.change(ctx, mark, func(want string) error {
		select {
		case got := <-seen:
			if got != want {
				return fmt.Errorf("%q instead of %q", got, want)
			}
		case <-ctx.Done():
			return fmt.Errorf("no %q: %w", want, ctx.Err())
		}
		if w.cut() == 0 {
			return errors.New("there was no connection to cut")
		}
		return nil
	})
	if err != nil {
		return err
	}
	w.lock.Lock()
	defer w.lock.Unlock()
	if len(w.watches) < 3 {
		return fmt.Errorf("only %d watches were asked for: nothing was cut", len(w.watches))
	}
	for i, version := range w.watches[1:] {
		if version == "" || version == "0" {
			return fmt.Errorf("watch %d did not resume, it began anew: %q", i+2, w.watches)
		}
	}
	return nil
}
