package shim

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/containernetworking/cni/pkg/skel"
	"github.com/containernetworking/cni/pkg/types"
	"github.com/containernetworking/cni/pkg/version"
)

// DefaultSocket is where the daemon listens unless the network configuration says otherwise.
const DefaultSocket = "/run/kove/cni.sock"

// Plugin is the type of the plugin in network configurations, and the name of its executable.
const Plugin = "kove-cni"

// Versions are the versions of the CNI specification that are spoken.
var Versions = version.PluginSupports("0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0")

// Commands of the CNI specification.
const (
	Add    = "ADD"
	Del    = "DEL"
	Check  = "CHECK"
	GC     = "GC"
	Status = "STATUS"
)

// Request is one CNI call.
type Request struct {
	Command     string          `json:"command"`
	ContainerID string          `json:"containerID,omitempty"`
	NetNS       string          `json:"netns,omitempty"`
	IfName      string          `json:"ifName,omitempty"`
	Args        string          `json:"args,omitempty"` // CNI_ARGS
	Config      json.RawMessage `json:"config,omitempty"`
}

// Reply answers it. Result is a CNI result in the version that the configuration asked for, of an ADD only.
type Reply struct {
	Result json.RawMessage `json:"result,omitempty"`
	Error  *types.Error    `json:"error,omitempty"`
}

// Config is the part of a network configuration that the shim and the daemon read.
type Config struct {
	types.PluginConf
	Socket string `json:"socket,omitempty"`
}

// deadline bounds one call; the daemon answers earlier, saying what it was waiting for.
const deadline = 110 * time.Second

// Call hands a request to the daemon and waits for the answer.
func Call(socket string, request Request) (*Reply, error) {
	c, err := net.Dial("unix", socket)
	if err != nil {
		return nil, types.NewError(types.ErrTryAgainLater, "calling the CNI daemon: kove does not run on this node",
			err.Error()+"; the kubelet tries again, see `kove status` and the service's log")
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(deadline)); err != nil {
		return nil, fmt.Errorf("calling the CNI daemon: %w", err)
	}
	if err := json.NewEncoder(c).Encode(request); err != nil {
		return nil, types.NewError(types.ErrTryAgainLater, "sending the CNI call to kove", err.Error())
	}
	var reply Reply
	if err := json.NewDecoder(c).Decode(&reply); err != nil {
		if errors.Is(err, os.ErrDeadlineExceeded) {
			err = fmt.Errorf("no answer within %s", deadline)
		}
		return nil, types.NewError(types.ErrTryAgainLater, "waiting for kove's answer to the CNI call", err.Error())
	}
	return &reply, nil
}

// Funcs are the plugin's entry points.
func Funcs(stdout *os.File) skel.CNIFuncs {
	forward := func(command string) func(*skel.CmdArgs) error {
		return func(args *skel.CmdArgs) error {
			var conf Config
			if err := json.Unmarshal(args.StdinData, &conf); err != nil {
				return types.NewError(types.ErrDecodingFailure, "decoding the network configuration", err.Error())
			}
			socket := conf.Socket
			if socket == "" {
				socket = DefaultSocket
			}
			reply, err := Call(socket, Request{Command: command, ContainerID: args.ContainerID, NetNS: args.Netns,
				IfName: args.IfName, Args: args.Args, Config: args.StdinData})
			if err != nil {
				return err
			}
			if reply.Error != nil {
				return reply.Error
			}
			if command == Add {
				_, err = stdout.Write(append(reply.Result, '\n'))
			}
			return err
		}
	}
	return skel.CNIFuncs{Add: forward(Add), Del: forward(Del), Check: forward(Check), GC: forward(GC), Status: forward(Status)}
}
