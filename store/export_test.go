package store

// MergeSteps, EraseSteps and ExportSteps let a test look that no table is forgotten.
func MergeSteps() []string { return mergeSteps }

// EraseSteps are what erases a person.
func EraseSteps() []string { return eraseSteps }

// ExportSteps are what is exported of a person.
func ExportSteps() []string { return exportSteps }
