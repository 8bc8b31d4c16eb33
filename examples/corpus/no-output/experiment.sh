echo it works
