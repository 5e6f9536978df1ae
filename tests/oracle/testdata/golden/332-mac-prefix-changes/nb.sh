# A new mac_prefix gives every port whose MAC is northd's to choose another one; IPv4 addresses stay, IPv6 ones follow the MAC.
ovn-nbctl set NB_Global . options:mac_prefix=0a:00:01
ovn-nbctl ls-add s -- set Logical_Switch s other_config:subnet=10.0.0.0/24 other_config:ipv6_prefix=fd00::
ovn-nbctl lsp-add s p1 -- lsp-set-addresses p1 dynamic
ovn-nbctl lsp-add s p2 -- lsp-set-addresses p2 "dynamic 10.0.0.50"
ovn-nbctl lsp-add s p3 -- lsp-set-addresses p3 "0c:00:00:00:00:03 dynamic"
ovn-nbctl lsp-add s p4 -- lsp-set-addresses p4 "0c:00:00:00:00:04 dynamic"
ovn-nbctl lsp-add s p5 -- lsp-set-addresses p5 "dynamic 10.0.0.60 fd00::60"
ovn-nbctl ls-add m -- set Logical_Switch m other_config:mac_only=true
ovn-nbctl lsp-add m m1 -- lsp-set-addresses m1 dynamic
ovn-nbctl set NB_Global . options:mac_prefix=0a:bb:cc
ovn-nbctl sync
ovn-nbctl lsp-set-addresses p4 dynamic
ovn-nbctl lsp-add s p6 -- lsp-set-addresses p6 dynamic
