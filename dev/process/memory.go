package process

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// Memory gives the bytes of physical memory that a process and all its descendants hold. Where the system tells
// (Linux), memory shared between them counts once; elsewhere it is the sum of the resident sets.
func Memory(pid int) (int64, error) {
	out, err := exec.Command("ps", "-axo", "pid=,ppid=,rss=").Output()
	if err != nil {
		return 0, fmt.Errorf("listing processes: %w", err)
	}
	children := map[int][]int{}
	resident := map[int]int64{}
	for line := range strings.Lines(string(out)) {
		var id, parent int
		var kilobytes int64
		if _, err := fmt.Sscan(line, &id, &parent, &kilobytes); err != nil {
			continue
		}
		children[parent] = append(children[parent], id)
		resident[id] = kilobytes << 10
	}
	if _, ok := resident[pid]; !ok {
		return 0, fmt.Errorf("there is no process %d", pid)
	}
	var total int64
	for queue := []int{pid}; len(queue) > 0; queue = queue[1:] {
		if shared, ok := proportional(queue[0]); ok {
			total += shared
		} else {
			total += resident[queue[0]]
		}
		queue = append(queue, children[queue[0]]...)
	}
	return total, nil
}

// proportional reads the proportional set size from /proc.
func proportional(pid int) (int64, bool) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return 0, false
	}
	for lines := bufio.NewScanner(bytes.NewReader(data)); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), "Pss:"); ok {
			kilobytes, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return kilobytes << 10, err == nil
		}
	}
	return 0, false
}
