package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"

	"github.com/emersion/go-smtp"
)

// sinkArgument makes this program the mail server.
const sinkArgument = "mail-sink"

// sink is a mail server that takes everything and keeps nothing. It is a process of its own so that its work is not
// counted as the worker's.
type sink struct {
	address string
	command *exec.Cmd
	stdin   io.Closer
}

func startSink() (*sink, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	s := &sink{command: exec.Command(program, sinkArgument)}
	s.command.Stderr = os.Stderr
	if s.stdin, err = s.command.StdinPipe(); err != nil {
		return nil, err
	}
	stdout, err := s.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.command.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("starting the mail server: %w", err)
	}
	s.address = strings.TrimSpace(line)
	return s, nil
}

func (s *sink) stop() error {
	_ = s.stdin.Close()
	return s.command.Wait()
}

// serveSink is the mail server's process. It ends with its standard input, which is when its parent ends.
func serveSink() error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return swallow{}, nil }))
	server.Domain = "localhost"
	go func() { _ = server.Serve(listener) }()
	fmt.Println(listener.Addr())
	_, _ = io.Copy(io.Discard, os.Stdin)
	return server.Close()
}

// swallow takes every message.
type swallow struct{}

func (swallow) Mail(string, *smtp.MailOptions) error { return nil }
func (swallow) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (swallow) Reset()                               {}
func (swallow) Logout() error                        { return nil }
func (swallow) Data(r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	return err
}
