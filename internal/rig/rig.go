// Package rig is in charge of a real balie in a process of its own: built,
// configured, started, killed and measured from outside, for bench and torture.
//
// Guarantees:
//  1. Everything listens on loopback and lives in one folder.
//  2. A process that was started is ended by Kill or Stop, and waited for.
package rig

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// BuildOptions say how a binary is built.
type BuildOptions struct {
	Tags  string // such as "failpoints"
	Strip bool   // without symbols, as it is released
}

// Build builds the balie of the module in the working directory into dir.
func Build(ctx context.Context, dir string, o BuildOptions) (string, error) {
	bin := filepath.Join(dir, "balie")
	args := []string{"build", "-o"}
	if o.Tags != "" {
		bin += "-" + o.Tags
	}
	if o.Strip {
		bin += "-stripped"
	}
	args = append(args, bin)
	if o.Tags != "" {
		args = append(args, "-tags", o.Tags)
	}
	if o.Strip {
		args = append(args, "-trimpath", "-ldflags", "-s -w")
	}
	out, err := exec.CommandContext(ctx, "go", append(args, "github.com/balie/balie/cmd/balie")...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build balie: %w\n%s", err, out)
	}
	return bin, nil
}

// Process is a running balie.
type Process struct {
	Ready time.Duration // from its start to the first 200 of /readyz

	site  *Site
	cmd   *exec.Cmd
	began time.Time
	done  chan struct{}
	err   error // of the process, once done is closed
}

// ErrEnded says that balie ended before it was ready.
var ErrEnded = errors.New("balie ended before it was ready")

// startTime bounds how long a balie may take to be ready.
const startTime = 30 * time.Second

// Launch runs "balie serve" on the site with further environment, and does not
// wait for it.
func (s *Site) Launch(bin string, env ...string) (*Process, error) {
	log, err := os.OpenFile(s.LogFile(), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the log of balie: %w", err)
	}
	defer log.Close()
	p := &Process{site: s, cmd: exec.Command(bin, "serve", "--config", s.config()), done: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = log, log
	p.cmd.Env = append(os.Environ(), env...)
	p.began = time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start balie: %w", err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// Start is Launch that returns when the balie is ready. A process that ended
// first is ErrEnded.
func (s *Site) Start(ctx context.Context, bin string, env ...string) (*Process, error) {
	p, err := s.Launch(bin, env...)
	if err != nil {
		return nil, err
	}
	if err := p.WaitReady(ctx); err != nil {
		p.Kill()
		return nil, err
	}
	return p, nil
}

// WaitReady asks /readyz until it says yes.
func (p *Process) WaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: time.Second}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		if open(p.site.Addr) {
			resp, err := client.Get(p.site.URL() + "/readyz")
			if err == nil {
				resp.Body.Close()
				if resp.StatusCode == http.StatusOK {
					p.Ready = time.Since(p.began)
					return nil
				}
			}
		}
		select {
		case <-p.done:
			return fmt.Errorf("%w: %v\n%s", ErrEnded, p.err, p.site.tail())
		case <-ctx.Done():
			return fmt.Errorf("balie was not ready within %s: %w\n%s", startTime, ctx.Err(), p.site.tail())
		case <-tick.C:
		}
	}
}

func open(addr string) bool {
	c, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return false
	}
	c.Close()
	return true
}

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err says how the process ended; it waits for that.
func (p *Process) Err() error {
	<-p.done
	return p.err
}

// Kill ends the process as a power cut does, and waits for it.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill()
	<-p.done
}

// stopTime is what a clean end may take (R15), and a little.
const stopTime = 35 * time.Second

// Stop asks the process to end and waits for it.
func (p *Process) Stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop balie: %w", err)
	}
	select {
	case <-p.done:
	case <-time.After(stopTime):
		p.Kill()
		return fmt.Errorf("balie did not end within %s of being asked\n%s", stopTime, p.site.tail())
	}
	if p.err != nil {
		return fmt.Errorf("balie ended badly: %w\n%s", p.err, p.site.tail())
	}
	return nil
}

// tailBytes is how much of the log stands in an error.
const tailBytes = 2 << 10

func (s *Site) tail() string {
	b, err := os.ReadFile(s.LogFile())
	if err != nil {
		return err.Error()
	}
	if len(b) > tailBytes {
		b = b[len(b)-tailBytes:]
	}
	return strings.ToValidUTF8(string(b), "")
}
