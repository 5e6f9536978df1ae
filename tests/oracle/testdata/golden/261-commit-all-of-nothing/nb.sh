# options:ct-commit-all commits on routers that translate something, not on others.
ovn-nbctl lr-add qa -- set Logical_Router qa options:chassis=hv1 options:ct-commit-all=true
ovn-nbctl lr-add qb -- set Logical_Router qb options:chassis=hv1 options:ct-commit-all=true
ovn-nbctl lb-add lb0 172.16.0.80:80 10.0.0.1:80 -- lr-lb-add qb lb0
ovn-nbctl lr-add qc -- set Logical_Router qc options:chassis=hv1 options:ct-commit-all=true
ovn-nbctl lr-add qd -- set Logical_Router qd options:chassis=hv1 options:ct-commit-all=true -- lr-nat-add qd snat 172.17.0.1 10.1.0.0/24
ovn-nbctl lr-add qe -- set Logical_Router qe options:chassis=hv1 options:ct-commit-all=true options:lb_force_snat_ip=10.0.0.1
ovn-nbctl lr-add qf -- set Logical_Router qf options:chassis=hv1 options:ct-commit-all=true
ovn-nbctl --id=@n create NAT type=snat external_ip=bla logical_ip=foo -- add Logical_Router qf nat @n
for x in a b c d e f g h i; do ovn-nbctl lr-add r$x -- set Logical_Router r$x options:ct-commit-all=true; done
for x in a b c d; do ovn-nbctl set Logical_Router r$x options:chassis=hv1; done
for x in e f g h i; do ovn-nbctl lrp-add r$x r$x-p 0a:00:00:00:00:01 10.0.5.2/24 fd00:5::2/64 -- lrp-set-gateway-chassis r$x-p hv1; done
ovn-nbctl set Logical_Router ra options:lb_force_snat_ip=router_ip
ovn-nbctl set Logical_Router rb options:dnat_force_snat_ip=10.0.0.1
ovn-nbctl set Logical_Router rc options:dnat_force_snat_ip=bla
ovn-nbctl set Logical_Router rd options:lb_force_snat_ip=10.0.0.1 options:always_learn_from_arp_request=true
ovn-nbctl set Logical_Router rf options:lb_force_snat_ip=10.0.0.1
ovn-nbctl lb-add lb9 172.16.0.80:80 10.0.0.1:80 -- lr-lb-add rg lb9
ovn-nbctl lr-nat-add rh snat 172.17.0.1 10.1.0.0/24
ovn-nbctl --id=@n create NAT type=dnat_and_snat external_ip=172.17.0.1 logical_ip=10.1.0.0/24 -- add Logical_Router ri nat @n
ovn-nbctl lr-add rj -- set Logical_Router rj options:ct-commit-all=true  options:chassis=hv1 -- --id=@n create NAT type=dnat_and_snat external_ip=172.17.0.1 logical_ip=10.1.0.0/24 -- add Logical_Router rj nat @n
ovn-nbctl lr-add rk -- set Logical_Router rk options:ct-commit-all=true  options:chassis=hv1 -- --id=@n create NAT type=snat external_ip=172.17.0.1/24 logical_ip=10.1.0.0/24 -- add Logical_Router rk nat @n
ovn-nbctl --id=@l create Load_Balancer name=lbe -- add Logical_Router qc load_balancer @l
