module postern.test/terminal

go 1.25
