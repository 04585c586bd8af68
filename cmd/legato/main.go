// Command legato is Legato: API, worker and tools in one program.
package main

import (
	"os"

	"github.com/legato-flow/legato/cmd/legato/cli"
)

func main() { os.Exit(cli.Execute()) }
