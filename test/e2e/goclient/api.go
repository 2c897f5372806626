package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

func apiCases() []testCase {
	return []testCase{
		{"whoami: SelfSubjectReview tells the user", whoAmI},
		{"list: pods by field selector", listByField},
		{"discovery: preferred resources", preferredResources},
		{"openapi: v3 by hash, and unchanged by ETag", openAPIByETag},
		{"dynamic: create, apply, patch and delete a config map", dynamicObjects},
		{"leader election: a lease is acquired and released", electLeader},
	}
}

func whoAmI(ctx context.Context, t *target) error {
	review, err := t.client.AuthenticationV1().SelfSubjectReviews().
		Create(ctx, &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	name := review.Status.UserInfo.Username
	comment(fmt.Sprintf("username=%s groups=%v", name, review.Status.UserInfo.Groups))
	if name == "" || t.expectUser != "" && name != t.expectUser {
		return fmt.Errorf("the API server sees %q instead of %q", name, t.expectUser)
	}
	return nil
}

func listByField(ctx context.Context, t *target) error {
	pods, err := t.client.CoreV1().Pods(t.namespace).List(ctx, metav1.ListOptions{FieldSelector: "metadata.name=" + t.pod})
	if err != nil {
		return err
	}
	if len(pods.Items) != 1 || pods.Items[0].Name != t.pod {
		return fmt.Errorf("%d pods", len(pods.Items))
	}
	return nil
}

func preferredResources(_ context.Context, t *target) error {
	lists, err := t.client.Discovery().ServerPreferredResources()
	if err != nil {
		return err
	}
	for _, wanted := range []struct{ groupVersion, kind string }{{"v1", "Pod"}, {"apps/v1", "Deployment"}} {
		found := slices.ContainsFunc(lists, func(list *metav1.APIResourceList) bool {
			return list.GroupVersion == wanted.groupVersion && slices.ContainsFunc(list.APIResources,
				func(resource metav1.APIResource) bool { return resource.Kind == wanted.kind })
		})
		if !found {
			return fmt.Errorf("no %s %s", wanted.groupVersion, wanted.kind)
		}
	}
	return nil
}

// openAPIByETag reads a group's schema as client-go does, then over plain HTTP by its hash and once more with its ETag.
func openAPIByETag(ctx context.Context, t *target) error {
	paths, err := t.client.Discovery().OpenAPIV3().Paths()
	if err != nil {
		return err
	}
	group, ok := paths["apis/apps/v1"]
	if !ok {
		return fmt.Errorf("no apis/apps/v1 among %d paths", len(paths))
	}
	schema, err := group.Schema("application/json")
	if err != nil {
		return err
	}
	base, err := url.Parse(t.config.Host)
	if err != nil {
		return err
	}
	relative, err := url.Parse(group.ServerRelativeURL())
	if err != nil {
		return err
	}
	base = base.JoinPath(relative.Path)
	base.RawQuery = relative.RawQuery
	first, body, err := t.get(ctx, base.String(), "")
	if err != nil {
		return err
	}
	etag := first.Header.Get("ETag")
	if first.StatusCode != http.StatusOK || etag == "" || len(body) != len(schema) {
		return fmt.Errorf("%s, ETag %q, %d bytes (client-go read %d)", first.Status, etag, len(body), len(schema))
	}
	second, body, err := t.get(ctx, base.String(), etag)
	if err != nil {
		return err
	}
	if second.StatusCode != http.StatusNotModified || len(body) != 0 {
		return fmt.Errorf("with If-None-Match: %s, %d bytes", second.Status, len(body))
	}
	return nil
}

func (t *target) get(ctx context.Context, location, etag string) (*http.Response, []byte, error) {
	client, err := rest.HTTPClientFor(t.config)
	if err != nil {
		return nil, nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, location, nil)
	if err != nil {
		return nil, nil, err
	}
	if etag != "" {
		request.Header.Set("If-None-Match", etag)
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return response, body, err
}

func dynamicObjects(ctx context.Context, t *target) error {
	client, err := dynamic.NewForConfig(t.config)
	if err != nil {
		return err
	}
	maps := client.Resource(corev1.SchemeGroupVersion.WithResource("configmaps")).Namespace(t.namespace)
	object := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "ConfigMap",
		"metadata": map[string]any{"generateName": "goclient-dynamic-"},
		"data":     map[string]any{"a": "1"},
	}}
	created, err := maps.Create(ctx, object, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	name := created.GetName()
	defer maps.Delete(context.WithoutCancel(ctx), name, metav1.DeleteOptions{})
	object.SetName(name)
	object.SetGenerateName("")
	object.Object["data"] = map[string]any{"b": "2"}
	if _, err := maps.Apply(ctx, name, object, metav1.ApplyOptions{FieldManager: "goclient"}); err != nil {
		return err
	}
	patch := []byte(`{"data":{"c":"3"}}`)
	patched, err := maps.Patch(ctx, name, types.MergePatchType, patch, metav1.PatchOptions{})
	if err != nil {
		return err
	}
	data, _, err := unstructured.NestedStringMap(patched.Object, "data")
	if err != nil || data["a"] != "1" || data["b"] != "2" || data["c"] != "3" {
		return fmt.Errorf("data %v: %w", data, orNoError(err))
	}
	if err := maps.Delete(ctx, name, metav1.DeleteOptions{}); err != nil {
		return err
	}
	if _, err := maps.Get(ctx, name, metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		return fmt.Errorf("a deleted object is not NotFound but %w", orNoError(err))
	}
	return nil
}

func electLeader(ctx context.Context, t *target) error {
	name := fmt.Sprintf("goclient-%d", time.Now().UnixNano())
	leases := t.client.CoordinationV1().Leases(t.namespace)
	defer leases.Delete(context.WithoutCancel(ctx), name, metav1.DeleteOptions{})
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	var holder string
	var readErr error
	elector, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Lock: &resourcelock.LeaseLock{
			LeaseMeta:  metav1.ObjectMeta{Name: name, Namespace: t.namespace},
			Client:     t.client.CoordinationV1(),
			LockConfig: resourcelock.ResourceLockConfig{Identity: "goclient"},
		},
		LeaseDuration: 15 * time.Second, RenewDeadline: 10 * time.Second, RetryPeriod: 500 * time.Millisecond,
		ReleaseOnCancel: true,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(context.Context) {
				defer cancel()
				holder, readErr = t.holder(ctx, name)
			},
			OnStoppedLeading: func() {},
		},
	})
	if err != nil {
		return err
	}
	elector.Run(inner)
	if readErr != nil || holder != "goclient" {
		return fmt.Errorf("while it leads, the lease is held by %q: %w", holder, orNoError(readErr))
	}
	if holder, err = t.holder(ctx, name); err != nil || holder != "" {
		return fmt.Errorf("after the release, the lease is held by %q: %w", holder, orNoError(err))
	}
	return nil
}

func (t *target) holder(ctx context.Context, name string) (string, error) {
	lease, err := t.client.CoordinationV1().Leases(t.namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return "", err
	}
	if lease.Spec.HolderIdentity == nil {
		return "", errors.New("no holder in the lease")
	}
	return *lease.Spec.HolderIdentity, nil
}
