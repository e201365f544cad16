
// runtime_executable is the path of a file that runs this program again, or "".
func runtime_executable() string

func executablePath(procfn string) (string, error) {
	if path := runtime_executable(); path != "" {
		return path, nil
	}
	return Readlink(procfn)
}
