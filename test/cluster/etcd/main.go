// Command etcd is the store of a test cluster's API server, built from its own Go module: Debian's etcd 3.4 makes the
// API server of today answer some watches with "Too large resource version".
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() {
	etcdmain.Main(os.Args)
}
