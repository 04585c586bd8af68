package process

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"
)

// Port checks that a port of 127.0.0.1 is free for the server of that name, and picks a free one for 0.
func Port(port int, server string) (int, error) {
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if errors.Is(err, syscall.EADDRINUSE) {
		return 0, fmt.Errorf("port %d, meant for %s, is in use by another program", port, server)
	}
	if err != nil {
		return 0, fmt.Errorf("port %d, meant for %s: %w", port, server, err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
