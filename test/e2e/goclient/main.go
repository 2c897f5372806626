// Command goclient checks what k9s, Lens and operators rely on: client-go's own exec, attach, port-forward, watch, logs, leases and
// discovery, against an API server or a gate in front of one, which must be the same to it. It prints TAP. pod.yaml is the pod it needs.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// target is what the cases run against.
type target struct {
	config     *rest.Config
	client     kubernetes.Interface
	namespace  string
	pod        string
	container  string
	expectUser string
	// direct is the same pod past the gate, to compare with; nil without --direct.
	direct *target
	// reported has the errors that client-go could only report (runtime.HandleError): port-forward's, for example.
	reported *sink
}

func main() {
	kubeconfig := flag.String("kubeconfig", "", "kubeconfig `FILE` of the API server or the gate")
	direct := flag.String("direct", "", "kubeconfig `FILE` that leads past the gate: errors are then compared with it")
	namespace := flag.String("namespace", "e2e", "the pod's `NAMESPACE`; config maps and a lease are made there")
	pod := flag.String("pod", "goclient", "the `NAME` of the pod of pod.yaml")
	container := flag.String("container", "main", "its container's `NAME`")
	only := flag.String("case", "", "run only the cases whose name is or begins with `NAME`")
	expectUser := flag.String("expect-user", "", "the `USERNAME` that the API server must see")
	repeat := flag.Int("repeat", 1, "run the cases `N` times")
	list := flag.Bool("list", false, "print the names of the cases")
	flag.Parse()
	cases := slices.DeleteFunc(allCases(), func(c testCase) bool { return !strings.HasPrefix(c.name, *only) })
	if *list {
		for _, c := range cases {
			fmt.Println(c.name)
		}
		return
	}
	if len(cases) == 0 {
		fail(fmt.Errorf("no case begins with %q; --list names them", *only))
	}
	t, err := newTarget(*kubeconfig, *namespace, *pod, *container)
	if err != nil {
		fail(err)
	}
	t.expectUser = *expectUser
	if *direct != "" {
		if t.direct, err = newTarget(*direct, *namespace, *pod, *container); err != nil {
			fail(err)
		}
		t.direct.reported = t.reported
	}
	runtime.ErrorHandlers = []runtime.ErrorHandler{
		func(_ context.Context, err error, message string, _ ...any) {
			fmt.Fprintf(t.reported, "%s: %v\n", message, err)
		},
	}
	if !runAll(t, slices.Repeat(cases, *repeat)) {
		os.Exit(1)
	}
}

func allCases() []testCase {
	return slices.Concat(execCases(), fallbackCases(), forwardCases(), apiCases(), watchCases(), resumeCases())
}

func newTarget(kubeconfig, namespace, pod, container string) (*target, error) {
	if kubeconfig == "" {
		return nil, fmt.Errorf("--kubeconfig is missing")
	}
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, err
	}
	config.QPS = -1 // no rate limit of our own
	config.UserAgent = "postern-goclient"
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	return &target{
		config: config, client: client, namespace: namespace, pod: pod, container: container, reported: newSink(),
	}, nil
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "goclient:", err)
	os.Exit(2)
}
