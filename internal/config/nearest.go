package config

// nearest gives the name that is fewest edits away, or "" when none is near enough to be a misspelling.
func nearest(name string, names []string) string {
	const longest = 64 // the names come from the environment, and the distance is quadratic
	best, limit := "", len(name)/3
	if len(name) > longest {
		return ""
	}
	for _, candidate := range names {
		if d := distance(name, candidate); d <= limit {
			best, limit = candidate, d-1
		}
	}
	return best
}

// distance counts the insertions, deletions and substitutions of bytes that turn a into b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
