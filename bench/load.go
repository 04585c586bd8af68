package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// loadArgument makes this program the client that sends events.
const loadArgument = "load"

// load is what the client sends, and for how long. The client is a process of its own, so that its work is not counted as
// the server's, and a lean one: the connections stay open, the requests are bytes that are ready but for their ids.
type load struct {
	Address     string        // host:port
	Connections int           // each with one request at a time
	Rate        float64       // requests a second, all connections together; 0: as many as are answered
	Length      time.Duration // how long to send
	Prefix      string        // of the unique_ids
	Person      string        // prefix of the people's emails
	People      int           // how many there are
}

// loadResult is what came of it.
type loadResult struct {
	Accepted int
	Refused  int    // answers 503
	Problem  string // the first answer that is neither
	Took     time.Duration
	// How long the accepted ones took, since the moment at which they were due.
	P50, P99, Max time.Duration
	Processor     time.Duration // of the client
}

func (r *loadResult) rate() float64 { return perSecond(r.Accepted, r.Took) }

// send lets a client of its own process send the load.
func (l load) send(ctx context.Context) (*loadResult, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	what, err := json.Marshal(l)
	if err != nil {
		return nil, err
	}
	command := exec.CommandContext(ctx, program, loadArgument)
	command.Stdin, command.Stderr = bytes.NewReader(what), os.Stderr
	out, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("the client: %w", err)
	}
	var r loadResult
	if err := json.Unmarshal(out, &r); err != nil {
		return nil, fmt.Errorf("what the client said: %w", err)
	}
	r.Processor = command.ProcessState.UserTime() + command.ProcessState.SystemTime()
	if r.Problem != "" {
		return nil, errors.New(r.Problem)
	}
	return &r, nil
}

// serveLoad is the client's process: it reads what to send from its standard input and writes what came of it.
func serveLoad() error {
	var l load
	if err := json.NewDecoder(os.Stdin).Decode(&l); err != nil {
		return err
	}
	var next atomic.Int64
	results, took := make([]loadResult, l.Connections), make([][]time.Duration, l.Connections)
	failures := make([]error, l.Connections)
	var wg sync.WaitGroup
	start := time.Now()
	for i := range l.Connections {
		wg.Go(func() { took[i], failures[i] = l.connection(start, &next, &results[i]) })
	}
	wg.Wait()
	if err := errors.Join(failures...); err != nil {
		return err
	}
	sum := loadResult{Took: time.Since(start)}
	for _, r := range results {
		sum.Accepted += r.Accepted
		sum.Refused += r.Refused
		if sum.Problem == "" {
			sum.Problem = r.Problem
		}
	}
	if all := slices.Concat(took...); len(all) > 0 {
		slices.Sort(all)
		sum.P50, sum.P99, sum.Max = all[len(all)/2], all[len(all)*99/100], all[len(all)-1]
	}
	return json.NewEncoder(os.Stdout).Encode(sum)
}

// connection sends requests one after the other.
func (l *load) connection(start time.Time, next *atomic.Int64, r *loadResult) (took []time.Duration, err error) {
	conn, err := net.Dial("tcp", l.Address)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	in := bufio.NewReader(conn)
	var request []byte
	for {
		i := next.Add(1)
		due := time.Now()
		if l.Rate > 0 {
			due = start.Add(time.Duration(float64(i) / l.Rate * float64(time.Second)))
			time.Sleep(time.Until(due))
		}
		if due.Sub(start) >= l.Length {
			return took, nil
		}
		request = l.request(request[:0], i)
		if _, err := conn.Write(request); err != nil {
			return nil, err
		}
		status, said, err := readAnswer(in)
		if err != nil {
			return nil, err
		}
		switch status {
		case 202:
			r.Accepted++
			took = append(took, time.Since(due))
		case 503:
			r.Refused++
			time.Sleep(100 * time.Millisecond)
		default:
			r.Problem = fmt.Sprintf("%d: %s", status, said)
			return took, nil
		}
	}
}

// request appends the i-th request: an event that no flow waits for.
func (l *load) request(to []byte, i int64) []byte {
	const fixed = `{"data":{"type":"event","attributes":{"metric":{"data":{"type":"metric","attributes":{"name":"Viewed Product"}}},` +
		`"profile":{"data":{"type":"profile","attributes":{"email":"%s%d@example.com"}}},"unique_id":"%s%012d","value":59,` +
		`"properties":{"ProductName":"Tea pot","ProductID":"P%02d","Categories":["Kitchen"],"Price":59}}}}`
	var body [512]byte
	b := fmt.Appendf(body[:0], fixed, l.Person, i%int64(l.People)+1, l.Prefix, i, i%60)
	to = append(to, "POST /api/events HTTP/1.1\r\nHost: "...)
	to = append(to, l.Address...)
	to = append(to, "\r\nAuthorization: "+authorization+"\r\nContent-Type: application/json\r\nrevision: 2026-07-15\r\nContent-Length: "...)
	to = strconv.AppendInt(to, int64(len(b)), 10)
	return append(append(to, "\r\n\r\n"...), b...)
}

const authorization = "Klaviyo-API-Key " + key

// readAnswer reads an answer as this server gives them: with its length.
func readAnswer(in *bufio.Reader) (status int, body []byte, err error) {
	line, err := in.ReadSlice('\n')
	if err != nil {
		return 0, nil, err
	}
	if len(line) < 12 {
		return 0, nil, fmt.Errorf("not an answer: %q", line)
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, nil, fmt.Errorf("not an answer: %q", line)
	}
	length := 0
	for {
		if line, err = in.ReadSlice('\n'); err != nil {
			return 0, nil, err
		}
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			break
		}
		if name, value, _ := bytes.Cut(line, []byte(":")); bytes.EqualFold(name, []byte("Content-Length")) {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return 0, nil, err
			}
		}
	}
	if length == 0 {
		return status, nil, nil
	}
	body = make([]byte, length)
	_, err = io.ReadFull(in, body)
	return status, body, err
}
