// A registry in memory with the native API for referrers, for tests: go-containerregistry's, on the port of loopback that
// it is given.
package main

import (
	"log"
	"net/http"
	"os"

	"github.com/google/go-containerregistry/pkg/registry"
)

func main() {
	quiet := registry.Logger(log.New(os.Stderr, "", 0))
	handler := registry.New(registry.WithReferrersSupport(true), quiet)
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Args[1], handler))
}
