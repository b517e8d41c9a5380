package main

import (
	"context"
	"encoding/json"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// A message has one field of bytes, as in bench/peers/stands/echo.proto.
type payload = wrapperspb.BytesValue

const method = "/internode.bench.Echo/Echo"

// So much may be under way; the default of 64 KiB is one payload.
const window = 4 * 1024 * 1024

func echo(_ any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
	request := new(payload)
	if err := decode(request); err != nil {
		return nil, err
	}
	return request, nil
}

func serverCommands() map[string]command {
	return map[string]command{
		"start": func(json.RawMessage) (any, error) {
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				return nil, err
			}
			server := grpc.NewServer(grpc.InitialWindowSize(window), grpc.InitialConnWindowSize(window))
			server.RegisterService(&grpc.ServiceDesc{
				ServiceName: "internode.bench.Echo",
				HandlerType: (*any)(nil),
				Methods:     []grpc.MethodDesc{{MethodName: "Echo", Handler: echo}},
			}, nil)
			go server.Serve(listener)
			return map[string]string{"address": listener.Addr().String()}, nil
		},
		"cpuUs": func(json.RawMessage) (any, error) { return cpuUs(), nil },
	}
}

func clientCommands(address string) map[string]command {
	var connection *grpc.ClientConn
	ask := func(request *payload) error {
		return connection.Invoke(context.Background(), method, request, new(payload))
	}
	return map[string]command{
		"start": func(json.RawMessage) (any, error) {
			var err error
			connection, err = grpc.NewClient("passthrough:///"+address,
				grpc.WithTransportCredentials(insecure.NewCredentials()),
				grpc.WithInitialWindowSize(window), grpc.WithInitialConnWindowSize(window))
			if err != nil {
				return nil, err
			}
			return nil, ask(&payload{Value: []byte("0123")})
		},
		"cpuUs": func(json.RawMessage) (any, error) { return cpuUs(), nil },
		"measure": func(argument json.RawMessage) (any, error) {
			var order closedOrder
			if err := json.Unmarshal(argument, &order); err != nil {
				return nil, err
			}
			return keepBusy(ask, order)
		},
		"load": func(argument json.RawMessage) (any, error) {
			var order loadOrder
			if err := json.Unmarshal(argument, &order); err != nil {
				return nil, err
			}
			return runLoad(ask, order), nil
		},
	}
}
