package expression

import "iter"

// outsideQuotes gives the bytes of a source that are not in quotes, with where they are.
func outsideQuotes(source string) iter.Seq2[int, byte] {
	return func(yield func(int, byte) bool) {
		var quote byte
		for i := 0; i < len(source); i++ {
			switch ch := source[i]; {
			case quote != 0:
				if ch == '\\' && quote != '`' {
					i++
				} else if ch == quote {
					quote = 0
				}
			case ch == '"' || ch == '\'' || ch == '`':
				quote = ch
			default:
				if !yield(i, ch) {
					return
				}
			}
		}
	}
}
