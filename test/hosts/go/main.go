// Drives engine.wasm from Go, through wazero: dumpfiles and layers in, digests out.
//
// Follows build/abi.md, from which the numbers are copied; ../README.md has the form of jobs and answers. The calls are in
// engine.go, what they make together here.
//
//	composefs-wasm-host ENGINE < JOBS > ANSWERS
package main

import (
	"bufio"
	"fmt"
	"io"
	"iter"
	"log"
	"os"
	"strconv"
	"strings"
)

const (
	layerBothHashes = 1 | 2
	blockBits       = 12
)

type hash struct {
	name                 string
	algorithm, mergeFlag uint64
}

var hashes = []hash{{"sha256", 1, 0}, {"sha512", 2, 1}}

func (e *engine) readDump(file string) {
	e.reset()
	e.check("dumpBegin", 0)
	for piece := range pieces(file) {
		e.check("dumpWrite", e.write(piece))
	}
	e.check("dumpEnd")
}

// readLayer gives the records of a layer, in pieces that mergeWrite takes as they are.
func (e *engine) readLayer(file string) (records [][]byte) {
	e.reset()
	e.check("layerBegin", layerBothHashes)
	for piece := range pieces(file) {
		length := e.write(piece)
		for from := uint64(0); from < length && e.refused == ""; {
			records = append(records, e.read("outputPtr", e.length("layerWrite", from, length-from)))
			from += e.layerTaken()
		}
	}
	e.check("layerEnd")
	return records
}

// merge makes one tree of layers, base first.
func (e *engine) merge(layers [][][]byte, flags uint64) {
	e.reset()
	e.check("mergeBegin", flags)
	for _, records := range layers {
		e.check("mergeLayer")
		for _, piece := range records {
			e.check("mergeWrite", e.write(piece))
		}
	}
	e.check("mergeEnd")
}

// imageDigests writes an image of the tree in each format, for its digests alone: a verity slot for each hash.
func (e *engine) imageDigests(hashes []hash) (answers []string) {
	for format := uint64(0); format <= 2; format++ {
		if e.check("imageOpen", format); e.refused != "" {
			answers = append(answers, fmt.Sprintf("v%d:%s", format, e.refused))
			e.refused = "" // The tree is as it was.
			continue
		}
		for slot, hash := range hashes {
			e.check("verityOpen", uint64(slot), hash.algorithm, blockBits, 0)
		}
		for e.length("imageRead", 1<<len(hashes)-1) > 0 {
		}
		for slot, hash := range hashes {
			digest := e.read("digestPtr", e.length("verityClose", uint64(slot)))
			answers = append(answers, fmt.Sprintf("v%d-%s-%d:%x", format, hash.name, blockBits, digest))
		}
	}
	return answers
}

// answer does a job: "dump FILE" or "layers FLAGS FILE…".
func (e *engine) answer(job string) (answers []string) {
	words := strings.Fields(job)
	if words[0] == "dump" {
		if e.readDump(words[1]); e.refused != "" {
			return []string{e.refused}
		}
		return e.imageDigests(hashes)
	}
	flags, err := strconv.ParseUint(words[1], 10, 32)
	if err != nil {
		log.Fatal(err)
	}
	var layers [][][]byte
	for _, file := range words[2:] {
		if layers = append(layers, e.readLayer(file)); e.refused != "" {
			return []string{e.refused}
		}
	}
	for i, hash := range hashes {
		if e.merge(layers, flags|hash.mergeFlag); e.refused != "" {
			return []string{e.refused}
		}
		answers = append(answers, e.imageDigests(hashes[i:i+1])...)
	}
	return answers
}

// pieces gives a file in pieces that the input window can hold.
func pieces(file string) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		input, err := os.Open(file)
		if err != nil {
			log.Fatal(err)
		}
		defer input.Close()
		buffer := make([]byte, inputWindowBytes)
		for err == nil {
			var length int
			if length, err = io.ReadFull(input, buffer); length > 0 && !yield(buffer[:length]) {
				return
			}
		}
		if err != io.EOF && err != io.ErrUnexpectedEOF {
			log.Fatal(err)
		}
	}
}

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: composefs-wasm-host ENGINE < JOBS > ANSWERS")
	}
	wasm, err := os.ReadFile(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	e := newEngine(wasm)
	for jobs := bufio.NewScanner(os.Stdin); jobs.Scan(); {
		for _, answer := range e.answer(jobs.Text()) {
			fmt.Printf("%s  %s\n", answer, jobs.Text())
		}
	}
}
