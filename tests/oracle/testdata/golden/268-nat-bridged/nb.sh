# redirect-type=bridged of any port has a distributed NAT rule ask for the next hop's MAC.
for i in 1 2 3 4; do
ovn-nbctl lr-add r$i -- lrp-add r$i r$i-gw 0a:00:00:00:00:01 10.0.1.1/24
ovn-nbctl lrp-add r$i r$i-in 0a:00:00:00:00:02 10.0.4.100/24
ovn-nbctl lrp-set-gateway-chassis r$i-gw hv1
ovn-nbctl --id=@n create NAT type=dnat_and_snat external_ip=10.0.4.240 logical_ip=10.0.1.10 logical_port=vm-1 external_mac='"0a:00:00:00:00:aa"' -- add Logical_Router r$i nat @n
done
ovn-nbctl set Logical_Router_Port r1-in options:redirect-type=bridged
ovn-nbctl set Logical_Router_Port r2-gw options:redirect-type=bridged
ovn-nbctl ls-add s3 -- lsp-add s3 s3r -- lsp-set-type s3r router -- lsp-set-addresses s3r router -- lsp-set-options s3r router-port=r3-gw
ovn-nbctl ls-add s4 -- lsp-add s4 s4l -- lsp-set-type s4l localnet -- lsp-set-addresses s4l unknown -- lsp-set-options s4l network_name=phys
ovn-nbctl lsp-add s4 s4r -- lsp-set-type s4r router -- lsp-set-addresses s4r router -- lsp-set-options s4r router-port=r4-gw
ovn-nbctl set Logical_Router_Port r3-in options:redirect-type=Bridged
