module postern.dev/fleetclient

go 1.24
