# Ports of every type but routers' have a queue for their QoS.
ovn-nbctl ls-add s
ovn-nbctl lsp-add s ln -- lsp-set-type ln localnet -- lsp-set-addresses ln unknown -- lsp-set-options ln network_name=phys
ovn-nbctl lsp-add s r -- lsp-set-type r router -- set Logical_Switch_Port r options:qos_max_rate=100000
ovn-nbctl lsp-add s meta -- lsp-set-type meta localport -- set Logical_Switch_Port meta options:qos_max_rate=100000 options:qos_burst=1000
