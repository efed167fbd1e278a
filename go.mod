module chandy

go 1.26
