// What kops makes of a cluster's specification, for the tests of the documents: reads a Cluster of kops.k8s.io/v1alpha2 from standard input,
// refuses what its types do not know, and prints, as JSON, the kube-apiserver flags that kops' nodeup builds of it and the files that nodeup
// puts on the nodes. The types, the conversion and the flags are kops' own code.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"k8s.io/kops/pkg/apis/kops"
	"k8s.io/kops/pkg/apis/kops/v1alpha2"
	"k8s.io/kops/pkg/flagbuilder"
	"sigs.k8s.io/yaml"
)

type made struct {
	Flags []string             `json:"flags"`
	Files []kops.FileAssetSpec `json:"files"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	text, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	var written v1alpha2.Cluster
	if err := yaml.UnmarshalStrict(text, &written); err != nil {
		return err
	}
	var cluster kops.Cluster
	if err := v1alpha2.Convert_v1alpha2_Cluster_To_kops_Cluster(&written, &cluster, nil); err != nil {
		return err
	}
	flags, err := flagbuilder.BuildFlagsList(cluster.Spec.KubeAPIServer)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(made{Flags: flags, Files: cluster.Spec.FileAssets})
}
