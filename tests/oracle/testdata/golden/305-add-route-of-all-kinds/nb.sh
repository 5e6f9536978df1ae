ovn-sbctl chassis-add hv1 geneve 192.168.0.1 -- set Chassis hv1 other_config:ct-commit-nat-v2=true other_config:ct-commit-to-zone=true other_config:ct-label-flush=true other_config:ct-next-zone=true other_config:ct-no-masked-label=true other_config:fdb-timestamp=true other_config:is-interconn=false other_config:ls-dpg-column=true other_config:mac-binding-timestamp=true other_config:ovn-ct-lb-related=true other_config:ovn-sample-with-registers=true other_config:port-up-notif=true -- --id=@c get Chassis hv1 -- create Chassis_Private name=hv1 chassis=@c
ovn-nbctl sync
ovn-nbctl ls-add pub
ovn-nbctl lr-add gwr
ovn-nbctl lrp-add gwr gwr-pub 0a:00:00:00:ff:01 172.16.0.1/24 -- lsp-add pub pub-gwr -- lsp-set-type pub-gwr router -- lsp-set-addresses pub-gwr router -- lsp-set-options pub-gwr router-port=gwr-pub nat-addresses=router
ovn-nbctl set Logical_Router gwr options:chassis=hv1
ovn-nbctl lr-add dist
ovn-nbctl lrp-add dist dist-pub 0a:00:00:00:ff:02 172.16.0.2/24 -- lsp-add pub pub-dist -- lsp-set-type pub-dist router -- lsp-set-addresses pub-dist router -- lsp-set-options pub-dist router-port=dist-pub nat-addresses=router
ovn-nbctl lrp-set-gateway-chassis dist-pub hv1
ovn-nbctl lrp-add dist dist-in 0a:00:00:00:fe:01 10.5.0.1/24
ovn-nbctl lr-add plain
ovn-nbctl lrp-add plain plain-pub 0a:00:00:00:ff:03 172.16.0.3/24 -- lsp-add pub pub-plain -- lsp-set-type pub-plain router -- lsp-set-addresses pub-plain router -- lsp-set-options pub-plain router-port=plain-pub nat-addresses=router
ovn-nbctl lr-add empty
ovn-nbctl lrp-add empty empty-pub 0a:00:00:00:ff:04 172.16.0.4/24 -- lsp-add pub pub-empty -- lsp-set-type pub-empty router -- lsp-set-addresses pub-empty router -- lsp-set-options pub-empty router-port=empty-pub nat-addresses=router
ovn-nbctl set Logical_Router empty 'options:chassis=""'
ovn-nbctl lr-add two
ovn-nbctl lrp-add two two-pub 0a:00:00:00:ff:05 172.16.0.5/24 -- lsp-add pub pub-two -- lsp-set-type pub-two router -- lsp-set-addresses pub-two router -- lsp-set-options pub-two router-port=two-pub nat-addresses=router
ovn-nbctl lrp-add two two-b 0a:00:00:00:fe:02 172.17.0.1/24 -- lrp-set-gateway-chassis two-b hv1
ovn-nbctl lrp-set-gateway-chassis two-pub hv1
ovn-nbctl lr-add mid
ovn-nbctl lrp-add mid mid-pub 0a:00:00:00:ff:06 172.16.0.6/24 -- lsp-add pub pub-mid -- lsp-set-type pub-mid router -- lsp-set-addresses pub-mid router -- lsp-set-options pub-mid router-port=mid-pub nat-addresses=router
ovn-nbctl lrp-add mid mid-b 0a:00:00:00:fe:03 172.18.0.1/24 -- lrp-set-gateway-chassis mid-b hv1
ovn-nbctl lsp-add pub vm1 -- lsp-set-addresses vm1 '0a:00:00:00:00:01 172.16.0.200'
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="172.16.0.31"' 'logical_ip="10.5.0.1"' options:add_route=true -- add Logical_Router gwr nat @n
ovn-nbctl -- --id=@n create NAT type=dnat 'external_ip="172.16.0.32"' 'logical_ip="10.5.0.2"' options:add_route=true -- add Logical_Router gwr nat @n
ovn-nbctl -- --id=@n create NAT type=snat 'external_ip="172.16.0.33"' 'logical_ip="10.5.0.0/24"' options:add_route=true -- add Logical_Router gwr nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="172.16.0.34"' 'logical_ip="bad"' options:add_route=true -- add Logical_Router gwr nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="172.16.0.35"' 'logical_ip="fd00::1"' options:add_route=true -- add Logical_Router gwr nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="172.16.0.36"' 'logical_ip="10.5.0.0/24"' options:add_route=true -- add Logical_Router gwr nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="172.16.0.37"' 'logical_ip="10.5.0.7"' options:add_route=true 'external_mac="zz"' logical_port=vm1 -- add Logical_Router gwr nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="172.16.0.38"' 'logical_ip="10.5.0.8"' options:add_route=true 'external_mac="0a:00:00:00:aa:06"' logical_port=vm1 -- add Logical_Router gwr nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="172.16.0.39/24"' 'logical_ip="10.5.0.9"' options:add_route=true -- add Logical_Router gwr nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="172.16.0.40/32"' 'logical_ip="10.5.0.10"' options:add_route=true -- add Logical_Router gwr nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="172.17.0.41"' 'logical_ip="10.5.0.11"' options:add_route=true -- add Logical_Router gwr nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="fd00::41"' 'logical_ip="fd00::5"' options:add_route=true -- add Logical_Router gwr nat @n
ovn-nbctl -- --id=@g get Logical_Router_Port two-b -- --id=@n create NAT type=dnat_and_snat external_ip=172.16.0.42 logical_ip=10.5.0.12 options:add_route=true gateway_port=@g -- add Logical_Router gwr nat @n
ovn-nbctl -- --id=@g get Logical_Router_Port gwr-pub -- --id=@n create NAT type=dnat_and_snat external_ip=172.16.0.43 logical_ip=10.5.0.13 options:add_route=true gateway_port=@g -- add Logical_Router gwr nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="172.16.0.44x"' 'logical_ip="10.5.0.14"' options:add_route=true -- add Logical_Router gwr nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="172.16.0.45"' 'logical_ip="10.5.0.15"' options:add_route=true 'external_mac="0a:00:00:00:ab:06"' -- add Logical_Router gwr nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="172.16.0.51"' 'logical_ip="10.5.0.1"' options:add_route=true -- add Logical_Router dist nat @n
ovn-nbctl -- --id=@n create NAT type=dnat 'external_ip="172.16.0.52"' 'logical_ip="10.5.0.2"' options:add_route=true -- add Logical_Router dist nat @n
ovn-nbctl -- --id=@n create NAT type=snat 'external_ip="172.16.0.53"' 'logical_ip="10.5.0.0/24"' options:add_route=true -- add Logical_Router dist nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="172.16.0.54"' 'logical_ip="bad"' options:add_route=true -- add Logical_Router dist nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="172.16.0.55"' 'logical_ip="fd00::1"' options:add_route=true -- add Logical_Router dist nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="172.16.0.56"' 'logical_ip="10.5.0.0/24"' options:add_route=true -- add Logical_Router dist nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="172.16.0.57"' 'logical_ip="10.5.0.7"' options:add_route=true 'external_mac="zz"' logical_port=vm1 -- add Logical_Router dist nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="172.16.0.58"' 'logical_ip="10.5.0.8"' options:add_route=true 'external_mac="0a:00:00:00:aa:06"' logical_port=vm1 -- add Logical_Router dist nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="172.16.0.59/24"' 'logical_ip="10.5.0.9"' options:add_route=true -- add Logical_Router dist nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="172.16.0.60/32"' 'logical_ip="10.5.0.10"' options:add_route=true -- add Logical_Router dist nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="172.17.0.61"' 'logical_ip="10.5.0.11"' options:add_route=true -- add Logical_Router dist nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="fd00::61"' 'logical_ip="fd00::5"' options:add_route=true -- add Logical_Router dist nat @n
ovn-nbctl -- --id=@g get Logical_Router_Port two-b -- --id=@n create NAT type=dnat_and_snat external_ip=172.16.0.62 logical_ip=10.5.0.12 options:add_route=true gateway_port=@g -- add Logical_Router dist nat @n
ovn-nbctl -- --id=@g get Logical_Router_Port dist-pub -- --id=@n create NAT type=dnat_and_snat external_ip=172.16.0.63 logical_ip=10.5.0.13 options:add_route=true gateway_port=@g -- add Logical_Router dist nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="172.16.0.64x"' 'logical_ip="10.5.0.14"' options:add_route=true -- add Logical_Router dist nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="172.16.0.65"' 'logical_ip="10.5.0.15"' options:add_route=true 'external_mac="0a:00:00:00:ab:06"' -- add Logical_Router dist nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="172.16.0.71"' 'logical_ip="10.5.0.1"' options:add_route=true -- add Logical_Router plain nat @n
ovn-nbctl -- --id=@n create NAT type=dnat 'external_ip="172.16.0.72"' 'logical_ip="10.5.0.2"' options:add_route=true -- add Logical_Router plain nat @n
ovn-nbctl -- --id=@n create NAT type=snat 'external_ip="172.16.0.73"' 'logical_ip="10.5.0.0/24"' options:add_route=true -- add Logical_Router plain nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="172.16.0.74"' 'logical_ip="bad"' options:add_route=true -- add Logical_Router plain nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="172.16.0.75"' 'logical_ip="fd00::1"' options:add_route=true -- add Logical_Router plain nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="172.16.0.76"' 'logical_ip="10.5.0.0/24"' options:add_route=true -- add Logical_Router plain nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="172.16.0.77"' 'logical_ip="10.5.0.7"' options:add_route=true 'external_mac="zz"' logical_port=vm1 -- add Logical_Router plain nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="172.16.0.78"' 'logical_ip="10.5.0.8"' options:add_route=true 'external_mac="0a:00:00:00:aa:06"' logical_port=vm1 -- add Logical_Router plain nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="172.16.0.79/24"' 'logical_ip="10.5.0.9"' options:add_route=true -- add Logical_Router plain nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="172.16.0.80/32"' 'logical_ip="10.5.0.10"' options:add_route=true -- add Logical_Router plain nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="172.17.0.81"' 'logical_ip="10.5.0.11"' options:add_route=true -- add Logical_Router plain nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="fd00::81"' 'logical_ip="fd00::5"' options:add_route=true -- add Logical_Router plain nat @n
ovn-nbctl -- --id=@g get Logical_Router_Port two-b -- --id=@n create NAT type=dnat_and_snat external_ip=172.16.0.82 logical_ip=10.5.0.12 options:add_route=true gateway_port=@g -- add Logical_Router plain nat @n
ovn-nbctl -- --id=@g get Logical_Router_Port plain-pub -- --id=@n create NAT type=dnat_and_snat external_ip=172.16.0.83 logical_ip=10.5.0.13 options:add_route=true gateway_port=@g -- add Logical_Router plain nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="172.16.0.84x"' 'logical_ip="10.5.0.14"' options:add_route=true -- add Logical_Router plain nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="172.16.0.85"' 'logical_ip="10.5.0.15"' options:add_route=true 'external_mac="0a:00:00:00:ab:06"' -- add Logical_Router plain nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="172.16.0.91"' 'logical_ip="10.5.0.1"' options:add_route=true -- add Logical_Router empty nat @n
ovn-nbctl -- --id=@n create NAT type=dnat 'external_ip="172.16.0.92"' 'logical_ip="10.5.0.2"' options:add_route=true -- add Logical_Router empty nat @n
ovn-nbctl -- --id=@n create NAT type=snat 'external_ip="172.16.0.93"' 'logical_ip="10.5.0.0/24"' options:add_route=true -- add Logical_Router empty nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="172.16.0.94"' 'logical_ip="bad"' options:add_route=true -- add Logical_Router empty nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="172.16.0.95"' 'logical_ip="fd00::1"' options:add_route=true -- add Logical_Router empty nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="172.16.0.96"' 'logical_ip="10.5.0.0/24"' options:add_route=true -- add Logical_Router empty nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="172.16.0.97"' 'logical_ip="10.5.0.7"' options:add_route=true 'external_mac="zz"' logical_port=vm1 -- add Logical_Router empty nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="172.16.0.98"' 'logical_ip="10.5.0.8"' options:add_route=true 'external_mac="0a:00:00:00:aa:06"' logical_port=vm1 -- add Logical_Router empty nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="172.16.0.99/24"' 'logical_ip="10.5.0.9"' options:add_route=true -- add Logical_Router empty nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="172.16.0.100/32"' 'logical_ip="10.5.0.10"' options:add_route=true -- add Logical_Router empty nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="172.17.0.101"' 'logical_ip="10.5.0.11"' options:add_route=true -- add Logical_Router empty nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="fd00::101"' 'logical_ip="fd00::5"' options:add_route=true -- add Logical_Router empty nat @n
ovn-nbctl -- --id=@g get Logical_Router_Port two-b -- --id=@n create NAT type=dnat_and_snat external_ip=172.16.0.102 logical_ip=10.5.0.12 options:add_route=true gateway_port=@g -- add Logical_Router empty nat @n
ovn-nbctl -- --id=@g get Logical_Router_Port empty-pub -- --id=@n create NAT type=dnat_and_snat external_ip=172.16.0.103 logical_ip=10.5.0.13 options:add_route=true gateway_port=@g -- add Logical_Router empty nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="172.16.0.104x"' 'logical_ip="10.5.0.14"' options:add_route=true -- add Logical_Router empty nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="172.16.0.105"' 'logical_ip="10.5.0.15"' options:add_route=true 'external_mac="0a:00:00:00:ab:06"' -- add Logical_Router empty nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="172.16.0.111"' 'logical_ip="10.5.0.1"' options:add_route=true -- add Logical_Router two nat @n
ovn-nbctl -- --id=@n create NAT type=dnat 'external_ip="172.16.0.112"' 'logical_ip="10.5.0.2"' options:add_route=true -- add Logical_Router two nat @n
ovn-nbctl -- --id=@n create NAT type=snat 'external_ip="172.16.0.113"' 'logical_ip="10.5.0.0/24"' options:add_route=true -- add Logical_Router two nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="172.16.0.114"' 'logical_ip="bad"' options:add_route=true -- add Logical_Router two nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="172.16.0.115"' 'logical_ip="fd00::1"' options:add_route=true -- add Logical_Router two nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="172.16.0.116"' 'logical_ip="10.5.0.0/24"' options:add_route=true -- add Logical_Router two nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="172.16.0.117"' 'logical_ip="10.5.0.7"' options:add_route=true 'external_mac="zz"' logical_port=vm1 -- add Logical_Router two nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="172.16.0.118"' 'logical_ip="10.5.0.8"' options:add_route=true 'external_mac="0a:00:00:00:aa:06"' logical_port=vm1 -- add Logical_Router two nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="172.16.0.119/24"' 'logical_ip="10.5.0.9"' options:add_route=true -- add Logical_Router two nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="172.16.0.120/32"' 'logical_ip="10.5.0.10"' options:add_route=true -- add Logical_Router two nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="172.17.0.121"' 'logical_ip="10.5.0.11"' options:add_route=true -- add Logical_Router two nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="fd00::121"' 'logical_ip="fd00::5"' options:add_route=true -- add Logical_Router two nat @n
ovn-nbctl -- --id=@g get Logical_Router_Port two-b -- --id=@n create NAT type=dnat_and_snat external_ip=172.16.0.122 logical_ip=10.5.0.12 options:add_route=true gateway_port=@g -- add Logical_Router two nat @n
ovn-nbctl -- --id=@g get Logical_Router_Port two-pub -- --id=@n create NAT type=dnat_and_snat external_ip=172.16.0.123 logical_ip=10.5.0.13 options:add_route=true gateway_port=@g -- add Logical_Router two nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="172.16.0.124x"' 'logical_ip="10.5.0.14"' options:add_route=true -- add Logical_Router two nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="172.16.0.125"' 'logical_ip="10.5.0.15"' options:add_route=true 'external_mac="0a:00:00:00:ab:06"' -- add Logical_Router two nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="172.16.0.131"' 'logical_ip="10.5.0.1"' options:add_route=true -- add Logical_Router mid nat @n
ovn-nbctl -- --id=@n create NAT type=dnat 'external_ip="172.16.0.132"' 'logical_ip="10.5.0.2"' options:add_route=true -- add Logical_Router mid nat @n
ovn-nbctl -- --id=@n create NAT type=snat 'external_ip="172.16.0.133"' 'logical_ip="10.5.0.0/24"' options:add_route=true -- add Logical_Router mid nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="172.16.0.134"' 'logical_ip="bad"' options:add_route=true -- add Logical_Router mid nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="172.16.0.135"' 'logical_ip="fd00::1"' options:add_route=true -- add Logical_Router mid nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="172.16.0.136"' 'logical_ip="10.5.0.0/24"' options:add_route=true -- add Logical_Router mid nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="172.16.0.137"' 'logical_ip="10.5.0.7"' options:add_route=true 'external_mac="zz"' logical_port=vm1 -- add Logical_Router mid nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="172.16.0.138"' 'logical_ip="10.5.0.8"' options:add_route=true 'external_mac="0a:00:00:00:aa:06"' logical_port=vm1 -- add Logical_Router mid nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="172.16.0.139/24"' 'logical_ip="10.5.0.9"' options:add_route=true -- add Logical_Router mid nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="172.16.0.140/32"' 'logical_ip="10.5.0.10"' options:add_route=true -- add Logical_Router mid nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="172.17.0.141"' 'logical_ip="10.5.0.11"' options:add_route=true -- add Logical_Router mid nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="fd00::141"' 'logical_ip="fd00::5"' options:add_route=true -- add Logical_Router mid nat @n
ovn-nbctl -- --id=@g get Logical_Router_Port two-b -- --id=@n create NAT type=dnat_and_snat external_ip=172.16.0.142 logical_ip=10.5.0.12 options:add_route=true gateway_port=@g -- add Logical_Router mid nat @n
ovn-nbctl -- --id=@g get Logical_Router_Port mid-pub -- --id=@n create NAT type=dnat_and_snat external_ip=172.16.0.143 logical_ip=10.5.0.13 options:add_route=true gateway_port=@g -- add Logical_Router mid nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="172.16.0.144x"' 'logical_ip="10.5.0.14"' options:add_route=true -- add Logical_Router mid nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="172.16.0.145"' 'logical_ip="10.5.0.15"' options:add_route=true 'external_mac="0a:00:00:00:ab:06"' -- add Logical_Router mid nat @n
ovn-appctl -t $OVN_RUNDIR/northd.ctl inc-engine/recompute # stock is not always exact without
ovn-nbctl sync
