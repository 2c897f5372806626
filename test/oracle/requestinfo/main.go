// What kube-apiserver takes a request for, one JSON line in and one out: Go's own reading of the request line, the API server's RequestInfo of it, and
// whether it counts as long-running. test/unit/kube/facts/requestinfo.json was recorded with it (record.ts).
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"

	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/server/filters"
)

type question struct {
	Method string `json:"method"`
	Target string `json:"target"`
}

type answer struct {
	Method string `json:"method"`
	Target string `json:"target"`
	// The request line cannot be read, or the path is no request's.
	Error         string   `json:"error,omitempty"`
	IsResource    bool     `json:"isResourceRequest"`
	Path          string   `json:"path"`
	Verb          string   `json:"verb"`
	APIPrefix     string   `json:"apiPrefix"`
	APIGroup      string   `json:"apiGroup"`
	APIVersion    string   `json:"apiVersion"`
	Namespace     string   `json:"namespace"`
	Resource      string   `json:"resource"`
	Subresource   string   `json:"subresource"`
	Name          string   `json:"name"`
	Parts         []string `json:"parts"`
	FieldSelector string   `json:"fieldSelector"`
	LabelSelector string   `json:"labelSelector"`
	IsLongRunning bool     `json:"isLongRunning"`
}

// As kube-apiserver and genericapiserver configure them.
var (
	factory = &request.RequestInfoFactory{
		APIPrefixes:          sets.NewString("api", "apis"),
		GrouplessAPIPrefixes: sets.NewString("api"),
	}
	isLongRunning = filters.BasicLongRunningRequestCheck(
		sets.NewString("watch", "proxy"),
		sets.NewString("attach", "exec", "proxy", "log", "portforward"),
	)
)

func resolve(q question) answer {
	a := answer{Method: q.Method, Target: q.Target, Parts: []string{}}
	raw := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: api.example.com\r\n\r\n", q.Method, q.Target)
	req, err := http.ReadRequest(bufio.NewReader(strings.NewReader(raw)))
	if err != nil {
		a.Error = "unreadable"
		return a
	}
	info, err := factory.NewRequestInfo(req)
	if err != nil {
		a.Error = "no RequestInfo"
		return a
	}
	a.IsResource, a.Path, a.Verb = info.IsResourceRequest, info.Path, info.Verb
	a.APIPrefix, a.APIGroup, a.APIVersion = info.APIPrefix, info.APIGroup, info.APIVersion
	a.Namespace, a.Resource, a.Subresource, a.Name = info.Namespace, info.Resource, info.Subresource, info.Name
	if info.Parts != nil {
		a.Parts = info.Parts
	}
	a.FieldSelector, a.LabelSelector = info.FieldSelector, info.LabelSelector
	a.IsLongRunning = isLongRunning(req, info)
	return a
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	for lines.Scan() {
		var q question
		if err := json.Unmarshal(lines.Bytes(), &q); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		if err := out.Encode(resolve(q)); err != nil {
			os.Exit(1)
		}
	}
}
