// Command kubeproxy is kube-proxy from the Go modules of Kubernetes: the chart's tests reach Postern through a Service, and Postern in a pod
// reaches the API server through one, so the one-node cluster needs what answers for services' addresses.
package main

import (
	"os"

	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
)

func main() {
	os.Exit(cli.Run(proxy.NewProxyCommand()))
}
