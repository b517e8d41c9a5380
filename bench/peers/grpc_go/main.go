// Echoes over grpc-go, in one of two processes that are told what to do, a line of JSON at a time:
// the same commands that bench/peers/stands/process.ts answers.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"syscall"
)

// A command takes its argument and gives something that JSON can say.
type command func(argument json.RawMessage) (any, error)

// moment is how long something took, as bench/peers/stands/measure.ts has it.
type moment struct {
	Count   int     `json:"count"`
	Seconds float64 `json:"seconds"`
	P50Us   float64 `json:"p50Us"`
	P99Us   float64 `json:"p99Us"`
	CPUUs   float64 `json:"cpuUs"`
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == "server" {
		answerCommands(serverCommands())
		return
	}
	if len(os.Args) == 3 && os.Args[1] == "client" {
		answerCommands(clientCommands(os.Args[2]))
		return
	}
	fmt.Fprintln(os.Stderr, "grpc_go server | grpc_go client ADDRESS")
	os.Exit(2)
}

func answerCommands(commands map[string]command) {
	input := bufio.NewScanner(os.Stdin)
	output := json.NewEncoder(os.Stdout)
	for input.Scan() {
		var told []json.RawMessage
		var name string
		if json.Unmarshal(input.Bytes(), &told) != nil || len(told) != 2 ||
			json.Unmarshal(told[0], &name) != nil {
			os.Exit(2)
		}
		act, found := commands[name]
		if !found {
			output.Encode(map[string]string{"error": "there is no command " + name})
			continue
		}
		value, err := act(told[1])
		if err != nil {
			output.Encode(map[string]string{"error": err.Error()})
			continue
		}
		output.Encode(map[string]any{"value": value})
	}
}

// cpuUs is the processor time that this process has used so far, with all its threads.
func cpuUs() float64 {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	return float64(usage.Utime.Sec+usage.Stime.Sec)*1e6 + float64(usage.Utime.Usec+usage.Stime.Usec)
}
