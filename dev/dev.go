// Package dev is the embedded default that development and tests run on: its folders start Postgres, Temporal
// and an inbox on loopback, and fill an empty database with a sample store. Nothing of it is used in production.
package dev

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Root gives the folder of the repository that the working folder is in.
func Root() (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("finding the working folder: %w", err)
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		data, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && strings.HasPrefix(string(data), "module github.com/legato-flow/legato\n") {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("%s is not inside Legato's repository, which holds the sources of the Temporal server that is built for development: change to your clone of it", start)
		}
	}
}
