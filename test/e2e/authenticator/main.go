// aws-iam-authenticator itself, for Postern's tests: its generator makes tokens, its verifier and its server judge those that come on
// standard input. The module's code is used as it is; only the way to STS is another one, to a local address whose authority is given.
//
//	authenticator token CLUSTER REGION               an ExecCredential, with the credentials of AWS_ACCESS_KEY_ID and the like
//	authenticator judge CLUSTER PARTITION CONFIGMAP  one line of JSON for each token: what the verifier and the server say
//
// STS_ADDRESS (host:port) and STS_CA (a PEM file) name the local STS.
package main

import (
	"fmt"
	"os"

	"sigs.k8s.io/aws-iam-authenticator/pkg/token"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 3 && args[0] == "token":
		return printToken(args[1], args[2])
	case len(args) == 4 && args[0] == "judge":
		return judge(args[1], args[2], args[3])
	}
	return fmt.Errorf("usage: authenticator token CLUSTER REGION | judge CLUSTER PARTITION CONFIGMAP")
}

// printToken signs; it talks to nobody.
func printToken(cluster, region string) error {
	generator, err := token.NewGenerator(false, false)
	if err != nil {
		return err
	}
	made, err := generator.GetWithOptions(&token.GetTokenOptions{ClusterID: cluster, Region: region})
	if err != nil {
		return err
	}
	fmt.Println(generator.FormatJSON(made))
	return nil
}
