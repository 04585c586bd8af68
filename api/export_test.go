package api

// Patterns gives those of the routes that need a key or are for browsers: the API.
func Patterns() []string {
	var all []string
	for _, route := range (&api{}).routes() {
		all = append(all, route.pattern)
	}
	return all
}
