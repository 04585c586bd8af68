// Command temporal is the Temporal server and its web UI as one small program, for development and tests.
//
// It is a Go module of its own so that neither the production binary nor an everyday rebuild carries the
// server's 1,800 packages. It keeps its data in one SQLite file, or in Postgres where that is to be measured, listens
// on loopback only, prints "READY <frontend> <ui>" on standard output once it serves, and stops on SIGTERM and on
// SIGINT. dev/temporalserver builds it and sees to it that it never outlives the process that started it.
package main

import (
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	uiserver "github.com/temporalio/ui-server/v2/server"
	uiconfig "github.com/temporalio/ui-server/v2/server/config"
	uioptions "github.com/temporalio/ui-server/v2/server/server_options"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "temporal:", err)
		os.Exit(1)
	}
}

func run() error {
	file := flag.String("db", "temporal.db", "SQLite `file` that holds all state")
	address := flag.String("postgres", "", "`URL` of a Postgres server that holds all state instead, in databases temporal and temporal_visibility; a password that it lacks is PGPASSWORD's")
	port := flag.Int("port", 7233, "gRPC port on 127.0.0.1 (0 picks a free one)")
	uiPort := flag.Int("ui-port", 8233, "web UI port on 127.0.0.1 (0 picks a free one, -1 turns the UI off)")
	namespace := flag.String("namespace", "default", "namespace to create when it is missing")
	verbose := flag.Bool("verbose", false, "log what the server does")
	flag.Parse()

	var err error
	if *port, err = choosePort(*port); err != nil {
		return err
	}
	if *uiPort >= 0 {
		if *uiPort, err = choosePort(*uiPort); err != nil {
			return err
		}
	}
	server, err := newServer(*file, *address, *port, *namespace, *verbose)
	if err != nil {
		return err
	}
	if err := server.Start(); err != nil {
		return fmt.Errorf("starting the server: %w", err)
	}
	frontend := fmt.Sprintf("127.0.0.1:%d", *port)
	ui := "-"
	if *uiPort >= 0 {
		ui = fmt.Sprintf("http://127.0.0.1:%d", *uiPort)
		web := uiserver.NewServer(uioptions.WithConfigProvider(&uiconfig.Config{
			Host: "127.0.0.1", Port: *uiPort, TemporalGRPCAddress: frontend, EnableUI: true, HideLogs: true,
			DisableNewsFetch: true, DefaultNamespace: *namespace, Distribution: "legato",
			CORS: uiconfig.CORS{CookieInsecure: true},
		}))
		go func() {
			if err := web.Start(); err != nil {
				fmt.Fprintln(os.Stderr, "temporal: web UI:", err)
			}
		}()
		defer web.Stop()
		if err := waitFor(fmt.Sprintf("127.0.0.1:%d", *uiPort), 10*time.Second); err != nil {
			return err
		}
	}
	fmt.Println("READY", frontend, ui)

	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	<-stop
	return server.Stop()
}

func choosePort(port int) (int, error) {
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return 0, fmt.Errorf("port %d: %w", port, err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

func waitFor(addr string, limit time.Duration) error {
	for end := time.Now().Add(limit); ; time.Sleep(20 * time.Millisecond) {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			return c.Close()
		}
		if time.Now().After(end) {
			return fmt.Errorf("nothing answers on %s: %w", addr, err)
		}
	}
}
