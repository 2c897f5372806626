package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/tools/cache"
)

// watchLabel marks the config maps of one run, so that runs side by side do not see each other's.
const watchLabel = "goclient-watch"

func watchCases() []testCase {
	return []testCase{
		{"informer: sees an object added, updated and deleted", informerSeesChanges},
		{"watch: an event arrives while the stream stays open", watchStaysOpen},
		{"logs: lines arrive as they are printed, until cancelled", followLogs},
	}
}

func informerSeesChanges(ctx context.Context, t *target) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	mark := fmt.Sprint(time.Now().UnixNano())
	factory := informers.NewSharedInformerFactoryWithOptions(t.client, 0, informers.WithNamespace(t.namespace),
		informers.WithTweakListOptions(func(options *metav1.ListOptions) { options.LabelSelector = watchLabel + "=" + mark }))
	informer := factory.Core().V1().ConfigMaps().Informer()
	seen := make(chan string, 8)
	tell := func(kind string, object any) { seen <- kind + " " + object.(*corev1.ConfigMap).Data["step"] }
	_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(object any) { tell("add", object) },
		UpdateFunc: func(_, object any) { tell("update", object) },
		DeleteFunc: func(object any) { tell("delete", object) },
	})
	if err != nil {
		return err
	}
	factory.Start(ctx.Done())
	defer factory.Shutdown()
	defer cancel()
	if !cache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
		return errors.New("the informer does not become synced")
	}
	return t.change(ctx, mark, func(want string) error {
		select {
		case got := <-seen:
			if got != want {
				return fmt.Errorf("%q instead of %q", got, want)
			}
			return nil
		case <-ctx.Done():
			return fmt.Errorf("no %q: %w", want, ctx.Err())
		}
	})
}

// change creates, updates and deletes a config map and calls expect after each.
func (t *target) change(ctx context.Context, mark string, expect func(want string) error) error {
	maps := t.client.CoreV1().ConfigMaps(t.namespace)
	object, err := maps.Create(ctx, &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "goclient-watch-", Labels: map[string]string{watchLabel: mark}},
		Data:       map[string]string{"step": "one"},
	}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	defer maps.Delete(context.WithoutCancel(ctx), object.Name, metav1.DeleteOptions{})
	if err := expect("add one"); err != nil {
		return err
	}
	object.Data["step"] = "two"
	if _, err := maps.Update(ctx, object, metav1.UpdateOptions{}); err != nil {
		return err
	}
	if err := expect("update two"); err != nil {
		return err
	}
	if err := maps.Delete(ctx, object.Name, metav1.DeleteOptions{}); err != nil {
		return err
	}
	return expect("delete two")
}

// watchStaysOpen expects each event before the next is caused, and that stopping the watch ends it.
func watchStaysOpen(ctx context.Context, t *target) error {
	mark := fmt.Sprint(time.Now().UnixNano())
	watcher, err := t.client.CoreV1().ConfigMaps(t.namespace).Watch(ctx, metav1.ListOptions{LabelSelector: watchLabel + "=" + mark})
	if err != nil {
		return err
	}
	defer watcher.Stop()
	names := map[watch.EventType]string{watch.Added: "add", watch.Modified: "update", watch.Deleted: "delete"}
	err = t.change(ctx, mark, func(want string) error {
		select {
		case event, open := <-watcher.ResultChan():
			object, isMap := event.Object.(*corev1.ConfigMap)
			if !open || !isMap || names[event.Type]+" "+object.Data["step"] != want {
				return fmt.Errorf("%v instead of %q", event, want)
			}
			return nil
		case <-ctx.Done():
			return fmt.Errorf("no %q: %w", want, ctx.Err())
		}
	})
	if err != nil {
		return err
	}
	watcher.Stop()
	return expectEnd(watcher)
}

// expectEnd is nil when a stopped watch ends in time. That its connection was closed may still come as an error event, if the watch reads
// that just when it is stopped.
func expectEnd(watcher watch.Interface) error {
	limit := time.After(cancelLimit)
	for {
		select {
		case event, open := <-watcher.ResultChan():
			if !open {
				return nil
			}
			if event.Type != watch.Error {
				return fmt.Errorf("%v came after the end", event)
			}
		case <-limit:
			return fmt.Errorf("the watch goes on %s after it was stopped", cancelLimit)
		}
	}
}

func followLogs(ctx context.Context, t *target) error {
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	tail := int64(1)
	stream, err := t.client.CoreV1().Pods(t.namespace).
		GetLogs(t.pod, &corev1.PodLogOptions{Container: t.container, Follow: true, TailLines: &tail}).Stream(inner)
	if err != nil {
		return err
	}
	defer stream.Close()
	lines := bufio.NewReader(stream)
	for range 3 {
		line, err := lines.ReadString('\n')
		if err != nil || !strings.HasPrefix(line, "line ") {
			return fmt.Errorf("line %q: %w", line, orNoError(err))
		}
	}
	cancel()
	ended := make(chan error, 1)
	go func() {
		for {
			if _, err := lines.ReadString('\n'); err != nil {
				ended <- err
				return
			}
		}
	}()
	return expectCancelled(ended)
}
